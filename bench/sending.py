"""Order the load generator's work, and what one server costs while it is done."""

import subprocess
import sys
from collections.abc import Callable
from statistics import quantiles

import msgspec

from bench.load import Order, Sent
from bench.machine import CORES
from bench.programs import Program

TOO_BUSY = 0.9
"""A generator that uses more of its core measures itself."""


def send(order: Order, before: Callable[[], None] = lambda: None) -> Sent:
    """Let the generator do it; ``before`` is called when everything is signed and connected, right before the start.

    Raises:
        RuntimeError: an answer was not the one that a new delivery gets.
    """
    order.core = CORES.load
    command = [sys.executable, "-m", "bench.load", msgspec.json.encode(order).decode()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin  # noqa: S101 - for mypy: both are pipes
        assert process.stdout  # noqa: S101 - see above
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the load generator has failed, see above")
        before()
        process.stdin.write(b"go\n")
        process.stdin.close()
        answer = process.stdout.read()
    if process.returncode or not answer:
        raise RuntimeError("the load generator has failed, see above")
    try:
        sent = msgspec.json.decode(answer, type=Sent)
    except msgspec.DecodeError as exc:
        raise RuntimeError(f"the load generator said {len(answer)} bytes that end in {answer[-100:]!r}") from exc
    if sent.busy > TOO_BUSY:
        print(f"  the load generator had {sent.busy:.0%} of its core: this slice measures it, too", flush=True)
    return sent


def received(program: Program, order: Order) -> dict[str, float]:
    """Rate, latencies in ms, and CPU microseconds of the program for a delivery."""
    cpu = [0.0]

    def note() -> None:
        cpu[0] = program.cpu

    sent = send(order, note)
    cut = quantiles(sent.latencies, n=100)
    return {
        "per second": sent.answered / sent.seconds,
        "p50 ms": cut[49] * 1000,
        "p99 ms": cut[98] * 1000,
        "cpu us": (program.cpu - cpu[0]) / sent.answered * 1e6,
        "answered": sent.answered,
        "generator busy": sent.busy,
    }
