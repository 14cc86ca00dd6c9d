"""How much work an event is, counted instead of timed: the same on every machine. `make counts` writes it down.

The numbers stand in `bench/work_counts.json`, each for `EVENTS` events; a test counts again and compares. A receiver
gets one delivery at a time and a worker finds all its events waiting, so that batches are the same in every run.
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from tempfile import TemporaryDirectory

import msgspec
from tests.support.http_client import Connection
from tests.support.receiver_process import KEYS
from tests.support.servers import Server, engines, free_port

from bench import filling, workers
from bench.machine import poll
from bench.programs import answers
from bench.traffic import envelope_deliveries

FILE = Path(__file__).with_suffix(".json")
EVENTS = 1_000
RECEIVER_BLOCKS = 20
"""The block with the least counts, and the delivery that a twentieth is below: the rest happens beside them."""
WORKER_BLOCKS = 5
"""Each of `EVENTS`, of which the least counts: a batch more or less makes 360 calls."""
WARM = 200
RARELY = {"UPKEEP_SECONDS": "600", "NO_HANDLER_SECONDS": "3600"}
IDLE_SECONDS = 5.0
IDLE_BLOCKS = 3
"""Of which the least counts: a timer more or less is a quarter of what an idle worker does in one of them."""
SETTLED_SECONDS = 2.0
"""After its last event a worker is idle."""
SCRIPTS = frozenset({"evalsha", "eval", "fcall", "evalsha_ro", "fcall_ro"})
LOOKING = frozenset({"info", "client", "hello", "select", "ping", "xinfo"})
"""Commands of those who measure."""
LOOKED = {"bytes": 287, "round trips": 7}
"""What one look at the server adds to its own counts."""
POLL = b"*3\r\n$5\r\nXINFO\r\n$6\r\nGROUPS\r\n$13\r\nsl:{0}:events\r\n"
"""How a worker is asked whether it has handled everything."""
PYTHON = ".".join(platform.python_version_tuple()[:2])

Counts = dict[str, int]
"""By what is counted: `commands`, `scripts`, `round trips` and `bytes` that the server has seen, `calls` in Python."""


class Written(msgspec.Struct):
    """The file: counts by subject, with the calls of each version of Python that was counted with."""

    server: dict[str, Counts]
    calls: dict[str, Counts]


def written() -> Written:
    """What is written down."""
    return msgspec.json.decode(FILE.read_bytes(), type=Written)


def count_all(server: Server) -> dict[str, Counts]:
    """The counts of each subject, on an empty server: `receiver`, `worker`, `idle worker`."""
    return {"receiver": receiver(server), **worker(server)}


class Role:
    """A role that `bench.counted` counts, ready for work, and its server."""

    def __init__(self, process: "subprocess.Popen[str]", server: Server) -> None:
        self.process = process
        self._server = server

    def counts(self) -> Counts:
        """All counts so far."""
        return _server_counts(self._server) | {"calls": self.calls()}

    def calls(self) -> int:
        """Those in Python alone."""
        assert self.process.stdin  # noqa: S101 - for mypy: both are pipes
        assert self.process.stdout  # noqa: S101 - see above
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def role(name: str, server: Server, settings: Mapping[str, str]) -> Iterator[Role]:
    """Start it and wait until it is ready."""
    ops_port = free_port()
    environment = {"REDIS_URL": server.url, "LOG_LEVEL": "error", "HOST": "127.0.0.1"}
    environment |= {**settings, "OPS_PORT": str(ops_port)}
    command = [sys.executable, "-m", "bench.counted", name]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=os.environ | environment, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            poll(lambda: answers(ops_port, "/readyz"), seconds=30, what=f"the {name} is ready")
            yield Role(process, server)
        finally:
            process.kill()


def receiver(server: Server) -> Counts:
    """Of a receiver that gets `EVENTS` deliveries, one after another on one connection."""
    port = free_port()
    settings = {**KEYS["envelope"], "PORT": str(port), **RARELY}
    with role("receiver", server, settings) as counted, Connection(port, timeout_seconds=30) as connection:
        blocks = list[Counts]()
        calls = list[int]()
        for block in range(RECEIVER_BLOCKS):
            deliveries = envelope_deliveries(EVENTS // RECEIVER_BLOCKS, block)
            before = counted.counts()
            calls += [_send(counted, connection, delivery) for delivery in deliveries]
            blocks.append(_difference(before, counted.counts()))
        counts = {name: count * RECEIVER_BLOCKS for name, count in _least(blocks).items()}
        return counts | {"calls": sorted(calls)[len(calls) // 20] * EVENTS}


def _send(counted: Role, connection: Connection, delivery: bytes) -> int:
    """Send one and read its answer; the calls that it took."""
    before = counted.calls()
    connection.send(delivery)
    reply = connection.reply()
    if reply is None or reply.body != b'{"received":true}':
        raise RuntimeError(f"a new delivery was answered {reply}")
    return counted.calls() - before


def worker(server: Server) -> dict[str, Counts]:
    """Of a worker that finds `EVENTS` events waiting, and of one that finds nothing for `IDLE_SECONDS`."""
    settings = {**workers.ours("entity", concurrency=50).environment, **RARELY}
    with role("worker", server, settings) as counted:
        _handle(server, counted, WARM, 100)
        blocks = [_handle(server, counted, EVENTS, 101 + block) for block in range(WORKER_BLOCKS)]
        busy = _least(blocks)
        time.sleep(SETTLED_SECONDS)
        return {"worker": busy, "idle worker": _idle(counted)}


def _idle(counted: Role) -> Counts:
    """What `IDLE_SECONDS` without an event cost, at least."""
    return _least([_idle_block(counted) for _ in range(IDLE_BLOCKS)])


def _idle_block(counted: Role) -> Counts:
    """What `IDLE_SECONDS` without an event cost. A busy machine lets us look later, when timers have run more often."""
    before, began = counted.counts(), time.monotonic()
    time.sleep(IDLE_SECONDS)
    counts = _difference(before, counted.counts())
    share = IDLE_SECONDS / (time.monotonic() - began)
    return {name: round(count * share) for name, count in counts.items()}


def _handle(server: Server, counted: Role, count: int, run: int) -> Counts:
    """Let it find so many events at once; what they cost."""
    calls = counted.calls()
    counted.process.send_signal(SIGSTOP)
    filling.fill(server.url, count, run=run)
    with server.client() as client:
        client.ping()  # it is connected before the count begins
        before = _server_counts(server) | {"calls": calls}
        counted.process.send_signal(SIGCONT)
        polls = list[bool]()
        while not all(polls[-1:]) or not polls:
            time.sleep(0.05)
            polls.append(workers.ours().empty(client))
        counts = _difference(before, counted.counts())
    return counts | {
        "bytes": counts["bytes"] - len(polls) * len(POLL),
        "round trips": counts["round trips"] - len(polls),
    }


def _server_counts(server: Server) -> Counts:
    """What the server has been asked for so far; what it is asked here is not in it."""
    with server.client() as client:
        stats = client.info("stats")
        by_command = {
            name.removeprefix("cmdstat_"): each["calls"] for name, each in client.info("commandstats").items()
        }
    ours = {name: calls for name, calls in by_command.items() if name.partition("|")[0] not in LOOKING}
    return {
        "commands": sum(ours.values()),
        "scripts": sum(calls for name, calls in ours.items() if name in SCRIPTS),
        "bytes": stats["total_net_input_bytes"],
        "round trips": stats["total_reads_processed"],
    }


def _least(blocks: list[Counts]) -> Counts:
    return {name: min(block[name] for block in blocks) for name in blocks[0]}


def _difference(before: Counts, after: Counts) -> Counts:
    return {name: after[name] - before[name] - LOOKED.get(name, 0) for name in before}


def main() -> None:
    """Count, and write it down; the calls of other versions of Python stay as they are."""
    with TemporaryDirectory() as folder:
        server = Server(engines()["valkey"], Path(folder)).start()
        try:
            counts = count_all(server)
        finally:
            server.stop()
    known = written().calls if FILE.exists() else {}
    calls = known | {PYTHON: {subject: each.pop("calls") for subject, each in counts.items()}}
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(Written(counts, calls))) + b"\n")
    print(FILE.read_text("utf-8"))


if __name__ == "__main__":
    main()
