"""Deliveries a second and latency of one receiver process on one core, beside what else could stand there."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.support.receiver_process import SECRET, ReceiverProcess
from tests.support.servers import Server, free_port

from bench import peer_environment
from bench.goals import ALONE
from bench.load import Order
from bench.machine import CORES, poll
from bench.options import Options
from bench.programs import Program, pinned, running, store
from bench.sending import received, send
from bench.slices import Measured, Slice, Stage

SECONDS = 2.5
CLOSED_SHARE = 0.7
"""Of the section's time, for the closed loop; the rest is for the latency at 2,000 a second."""
ALWAYS = {"appendonly": "yes", "appendfsync": "always"}
EVERYSEC = {"appendonly": "yes", "appendfsync": "everysec"}
UVICORN = (sys.executable, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level")


@dataclass
class Receiver:
    """Something that takes deliveries, and its store."""

    program: Program
    port: int
    server: Server | None
    stream: str
    expected: int = field(default=0)

    def measure(self, order: Order) -> Measured:
        """One slice, and whether everything that was answered is stored."""
        order.port = self.port
        measured = received(self.program, order)
        self.check(int(measured["answered"]))
        return measured

    def warm(self) -> None:
        """What runs for the first time runs now."""
        self.check(send(Order(port=self.port, count=1500, run=65_535)).answered)

    def check(self, answered: int) -> None:
        """Every answered delivery is one entry more."""
        self.expected += answered
        if self.server:
            with self.server.client() as client:
                if (found := client.xlen(self.stream)) != self.expected:
                    raise RuntimeError(f"{self.expected} deliveries were answered with 200, {found} are stored")


@contextmanager
def ours(options: dict[str, str], durability: str) -> Iterator[Receiver]:
    """Our receiver with a store of its own."""
    with store(CORES.store, options) as server:
        process = ReceiverProcess(server.url, {"DURABILITY": durability})
        with pinned(CORES.measured):
            process.start()
        try:
            yield Receiver(Program(process.process), process.port, server, "sl:{0}:events")
            process.terminate()
            process.wait()
        finally:
            process.kill()


@contextmanager
def peer(command: tuple[str, ...], *, stores: bool) -> Iterator[Receiver]:
    """A peer, told where to listen by ``PORT``, with a store of its own if it stores."""
    with ExitStack() as stack:
        server = stack.enter_context(store(CORES.store)) if stores else None
        port = free_port()
        environment = {"PORT": str(port), "SECRET": SECRET, "REDIS_URL": server.url if server else ""}
        environment |= peer_environment.OF_NODE
        words = [word.replace("$PORT", str(port)) for word in command]
        program = stack.enter_context(running(words, CORES.measured, environment))
        poll(lambda: _listens(program, port), seconds=30, what=f"{command[-1]} listens")
        yield Receiver(program, port, server, "events")


def _listens(program: Program, port: int) -> bool:
    program.alive()
    connections = [each for process in program.processes for each in process.net_connections()]
    return any(each.status == "LISTEN" and each.laddr.port == port for each in connections)


def _uvicorn(application: str) -> tuple[str, ...]:
    return (*UVICORN, "error", "--port", "$PORT", f"bench.peers.{application}:app")


Start = Callable[[], AbstractContextManager[Receiver]]


def run(options: Options) -> Stage:
    """Measure."""
    stage = Stage("receive", options)
    wanted = {name: each for name, each in contenders().items() if options.only in name}
    with ExitStack() as stack:
        started = {name: (stack.enter_context(start()), count) for name, (start, count) in wanted.items()}
        for receiver, _ in started.values():
            receiver.warm()
        stage.interleave({name: _slice(*each, options.scale) for name, each in started.items()}, share=CLOSED_SHARE)
        at_2000 = {name: _at_rate(started[name][0], options.scale) for name in started if name.startswith("ours")}
        stage.interleave(at_2000)
    return stage


def contenders() -> dict[str, tuple[Start, int]]:
    """How each starts, and how many deliveries are signed for a slice: more than it can answer, or nearly so.

    A slice ends when all of them are answered, whatever time is left.
    """
    found: dict[str, tuple[Start, int]] = {
        "bare uvicorn": (lambda: peer(_uvicorn("bare"), stores=False), 40_000),
        ALONE: (lambda: peer(_uvicorn("starlette_alone"), stores=False), 28_000),
        "ours, memory": (lambda: ours({}, "memory"), 22_000),
        "ours, fsync with always": (lambda: ours(ALWAYS, "fsync"), 22_000),
        "ours, fsync with WAITAOF": (lambda: ours(EVERYSEC, "fsync"), 13_000),
        "Starlette, round trips": (lambda: peer(_uvicorn("round_trip"), stores=True), 7_000),
    }
    if peer_environment.has_node():
        express = ("node", str(peer_environment.NODE / "express.mjs"))
        found["Express and ioredis"] = (lambda: peer(express, stores=True), 13_000)
    return found


def _slice(receiver: Receiver, count: int, scale: float) -> Slice:
    return lambda number: receiver.measure(
        Order(port=0, count=round(count * scale), run=number, seconds=SECONDS * scale)
    )


def _at_rate(receiver: Receiver, scale: float) -> Slice:
    """At 2,000 a second, the latency alone: in the closed loop it says how many connections there are."""

    def measure(number: int) -> Measured:
        order = Order(port=0, count=round(6000 * scale), run=number, rate=2000, connections=512)
        measured = receiver.measure(order)
        return {f"{name} at 2,000/s": measured[name] for name in ("p50 ms", "p99 ms", "per second")}

    return measure
