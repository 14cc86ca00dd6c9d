"""Deliveries per second and latency of one receiver process on one core.

    .venv/bin/python -m bench.receiver --deliveries 30000 --connections 64

The receiver has a core of its own; Valkey and the load generator share another. Every delivery is new, signed before
the clock starts, and sent when its connection's previous answer has arrived (closed loop). On a busy machine the rate
says as much about the neighbours as about us; the CPU time a delivery costs does not.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import cast

import psutil
import uvloop
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server, engines

RECEIVER_CORE = 0
OTHER_CORE = max(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Figures:
    """What one run measured; latencies in milliseconds."""

    deliveries: int
    per_second: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    user_microseconds: float
    system_microseconds: float
    mean_batch: float


class Sender(asyncio.Protocol):
    """One connection: sends the next delivery as soon as the last one is answered."""

    def __init__(self, pending: Iterator[bytes], latencies: list[float], finished: asyncio.Future[None]) -> None:
        self._pending = pending
        self._latencies = latencies
        self._finished = finished
        self._began = 0.0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not instances of it
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, or a failure of the run."""
        if not self._finished.done():
            self._finished.set_exception(exc or ConnectionError("the receiver closed the connection"))

    def data_received(self, data: bytes) -> None:
        """An answer, or its head; every answer's body ends in a brace."""
        self._answer += data
        if not self._answer.endswith(b"}"):
            return
        answer, self._answer = self._answer, b""
        self._latencies.append(time.perf_counter() - self._began)
        if not answer.startswith(b"HTTP/1.1 200") or not answer.endswith(b'{"received":true}'):
            self._finished.set_exception(AssertionError(answer))
            self._transport.close()
        else:
            self._next()

    def _next(self) -> None:
        raw = next(self._pending, None)
        if raw is None:
            self._finished.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(raw)


def deliveries(count: int, run: int) -> list[bytes]:
    """Unique signed deliveries of a sample email, about people who each have several."""
    email = json.loads((Path(__file__).parent / "email.json").read_text())
    bodies = (envelope(f"evt-{run}-{each}", data=email | {"person_id": each % 1000}) for each in range(count))
    return [delivery(body) for body in bodies]


async def load(port: int, raw: list[bytes], connections: int) -> tuple[float, list[float]]:
    """Send everything; seconds it took and each delivery's latency."""
    loop = asyncio.get_running_loop()
    pending, latencies = iter(raw), list[float]()
    finished = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for each in finished:
        await loop.create_connection(lambda each=each: Sender(pending, latencies, each), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*finished)
    return time.perf_counter() - began, latencies


def measure(receiver: ReceiverProcess, raw: list[bytes], connections: int) -> Figures:
    """One run against a warm receiver."""
    process = psutil.Process(receiver.pid)
    batches = receiver.metric("salesloft_webhooks_publish_batch_deliveries_count")
    before = process.cpu_times()
    seconds, latencies = uvloop.run(load(receiver.port, raw, connections))
    after = process.cpu_times()
    batches = receiver.metric("salesloft_webhooks_publish_batch_deliveries_count") - batches
    percentile = quantiles(latencies, n=100)
    return Figures(
        deliveries=len(raw),
        per_second=round(len(raw) / seconds),
        p50_ms=round(percentile[49] * 1000, 2),
        p99_ms=round(percentile[98] * 1000, 2),
        max_ms=round(max(latencies) * 1000, 2),
        user_microseconds=round((after.user - before.user) / len(raw) * 1e6, 1),
        system_microseconds=round((after.system - before.system) / len(raw) * 1e6, 1),
        mean_batch=round(len(raw) / batches, 1),
    )


@contextmanager
def running(profile: Path | None) -> Iterator[ReceiverProcess]:
    """A receiver on a core of its own, its store on the other one."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(engines()["valkey"], Path(directory)).start()
        receiver = ReceiverProcess(server.url)
        if profile:
            receiver.program = (sys.executable, "-m", "cProfile", "-o", str(profile), *receiver.program[1:])
        try:
            receiver.start()
            os.sched_setaffinity(receiver.pid, {RECEIVER_CORE})
            for process in (os.getpid(), server.pid):
                os.sched_setaffinity(process, {OTHER_CORE})
            yield receiver
            receiver.terminate()
            receiver.wait()
        finally:
            receiver.kill()
            server.stop(kill=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", type=Path, help="also profile the receiver (slower); read with python -m pstats")
    arguments = parser.parse_args()
    with running(arguments.profile) as receiver:
        measure(receiver, deliveries(2_000, 0), arguments.connections)
        for run in range(1, arguments.runs + 1):
            print(measure(receiver, deliveries(arguments.deliveries, run), arguments.connections))


if __name__ == "__main__":
    main()
