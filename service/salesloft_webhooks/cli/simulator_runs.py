"""Runs a simulator for `send`: progress while it runs, a summary at the end."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvloop

from salesloft_webhooks.background import Background
from salesloft_webhooks.cli.console import show
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.simulator import Simulator, Tally

if TYPE_CHECKING:
    from rich.progress import Progress

REFRESH_SECONDS = 0.1
PERCENTILES = (50, 95, 99)


def post(simulator: Simulator, total: int | None) -> Tally:
    """Post until the deliveries end or Ctrl-C; a progress bar shows on stderr if that is a terminal.

    Args:
        simulator: Posts.
        total: How many deliveries there are; None: without end.
    """
    return uvloop.run(_post(simulator, total))


async def _post(simulator: Simulator, total: int | None) -> Tally:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with _progress(total) as progress:
        try:
            async with Background() as background:
                background.start(_watch(progress, simulator.tally), name="progress")
                return await simulator.run(stop)
        finally:
            _advance(progress, simulator.tally)


@contextmanager
def _progress(total: int | None) -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        progress.add_task("", total=total)
        yield progress


async def _watch(progress: "Progress", tally: Tally) -> None:
    while True:
        _advance(progress, tally)
        await asyncio.sleep(REFRESH_SECONDS)


def _advance(progress: "Progress", tally: Tally) -> None:
    done = tally.expected + tally.unexpected
    description = f"{tally.unexpected} unexpected" if tally.unexpected else ""
    progress.update(progress.task_ids[0], completed=done, description=description)


def exit_code(tally: Tally) -> ExitCode:
    """What a script wants to know: all as expected, some not, or nobody there at all."""
    if not tally.unexpected:
        return ExitCode.OK
    return ExitCode.FAILED if tally.reached else ExitCode.UNREACHABLE


def summary(tally: Tally) -> dict[str, object]:
    """The result as one JSON document. Times are in seconds."""
    latencies = {f"p{percent}": tally.latencies.percentile(percent) for percent in PERCENTILES}
    return {
        "sent": tally.sent,
        "expected": tally.expected,
        "unexpected": tally.unexpected,
        "retried": tally.retried,
        "answers": [
            {"kind": answer.kind, "status": answer.status, "body": answer.body, "count": count}
            for answer, count in tally.answers.most_common()
        ],
        "seconds": tally.seconds,
        "latency_seconds": {**latencies, "max": tally.latencies.max_seconds},
    }


def show_summary(tally: Tally) -> None:
    """The result for people."""
    rows = [
        (answer.kind, answer.status or "none", answer.body, f"{count:,}")
        for answer, count in tally.answers.most_common()
    ]
    show_table(("SENT", "STATUS", "ANSWER", "COUNT"), rows, numbers=("COUNT",), cut=("ANSWER",))
    attempts = tally.sent.total()
    speed = attempts / tally.seconds if tally.seconds else 0.0
    show(f"\n{attempts:,} in {tally.seconds:.1f} s ({speed:,.0f}/s), {tally.unexpected:,} not answered as expected")
    if tally.reached:
        times = [f"p{percent} {_milliseconds(tally.latencies.percentile(percent))}" for percent in PERCENTILES]
        show(f"latency {', '.join(times)}, max {_milliseconds(tally.latencies.max_seconds)}")


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
