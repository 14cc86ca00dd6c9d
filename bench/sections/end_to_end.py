"""From the delivery's last byte sent to the handler's first line, and the CPU that an event costs on its way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import msgspec
import psutil
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server

from bench import workers
from bench.load import Order, Sent
from bench.machine import CORES, cpu_seconds, poll
from bench.options import Options
from bench.programs import Program, pinned, running, store
from bench.sending import send
from bench.slices import Measured, Slice, Stage
from bench.workers import Tallied

RATES = (500, 2000)
SECONDS = 6.0


def run(options: Options) -> Stage:
    """Measure."""
    stage = Stage("end to end", options)
    cores = ", a core each" if CORES.one_each else ""
    stage.interleave({f"ours at {rate}/s{cores}": _slice(rate, SECONDS * options.scale) for rate in RATES})
    return stage


def _slice(rate: int, seconds: float) -> Slice:
    def measure(number: int) -> Measured:
        with TemporaryDirectory() as folder, store(CORES.store) as server:
            path, count = Path(folder) / "tally", round(rate * seconds)
            with a_receiver(server) as receiver, a_worker(server, path, count + WARM) as worker:
                warm = Order(receiver.port, WARM, 65_535, rate=rate, connections=256)
                send(warm)
                order = Order(receiver.port, count, number, rate=rate, connections=256)
                return _measure(order, path, Program(receiver.process), worker, server)

    return measure


WARM = 500
"""Events that come before those that count."""


def _measure(order: Order, path: Path, receiver: Program, worker: Program, server: Server) -> Measured:
    process = psutil.Process(server.pid)
    before = list[float]()

    def costs() -> list[float]:
        return [receiver.cpu, worker.cpu, cpu_seconds(process)]

    sent = send(order, lambda: before.extend(costs()))
    poll(lambda: worker.alive() and path.exists(), seconds=30, what="every event is handled")
    took = [(after - was) / order.count * 1e6 for after, was in zip(costs(), before, strict=True)]
    cut = quantiles(latencies(order, sent, path), n=100)
    return {
        "p50 ms": cut[49] * 1000,
        "p99 ms": cut[98] * 1000,
        "receiver cpu us": took[0],
        "worker cpu us": took[1],
        "python cpu us": took[0] + took[1],
        "redis cpu us": took[2],
    }


def latencies(order: Order, sent: Sent, path: Path) -> list[float]:
    """Seconds from each delivery of an order until its event was handled, which stands in the tally's file."""
    times = msgspec.json.decode(path.read_bytes(), type=Tallied).times
    return [times[event_id] - sent.began[number] for event_id, number in _numbers(times, order.run)]


def _numbers(times: dict[str, float], run: int) -> Iterator[tuple[str, int]]:
    """The ids of this run's events, and which delivery each came with: see `bench.traffic.event_id`."""
    for event_id in times:
        if int(event_id.split("-")[1], 16) == run:
            yield event_id, int(event_id.rpartition("-")[2], 16)


@contextmanager
def a_receiver(server: Server) -> Iterator[ReceiverProcess]:
    """One with a core for itself."""
    receiver = ReceiverProcess(server.url)
    try:
        with pinned(CORES.measured):
            receiver.start()
        yield receiver
    finally:
        receiver.kill()


@contextmanager
def a_worker(server: Server, path: Path, expected: int, prefix: str = "") -> Iterator[Program]:
    """One that writes down when it was given each event, and writes the file when it has had all that are expected."""
    worker = workers.ours()
    environment = {"REDIS_URL": server.url, "BENCH_EXPECTED": str(expected), "BENCH_TALLY": str(path)}
    environment |= {**worker.environment, "BENCH_TIMES": "1", "BENCH_PREFIX": prefix}
    with running(worker.command, CORES.second, environment) as program:
        with server.client() as client:
            poll(lambda: program.alive() and worker.empty(client), seconds=30, what="the worker has begun")
        yield program
