"""Handlers of a worker that is killed by an event that it was handed over: before it starts it, or while it runs."""

import asyncio
import os
import signal
from pathlib import Path

from salesloft_webhooks import Event, Router
from salesloft_webhooks.broker import HandedOver
from salesloft_webhooks.worker.concurrency_limit import HeldSlots
from salesloft_webhooks.worker.partition_loop import PartitionLoop

router: Router[None] = Router()
DEADLY, DIARY = os.environ.get("DEADLY", ""), Path(os.environ["DIARY"])
WHILE_IT_RUNS = "WHILE_IT_RUNS" in os.environ
"""Handlers take no time then, so that events of a lane run under one lease; else each has its own."""


async def start_handed_over(loop: PartitionLoop, answer: HandedOver, asked: float, held: HeldSlots) -> None:
    """Die of the deadly event's hand-over."""
    if not WHILE_IT_RUNS and any(lease.event.event_id == DEADLY for lease in answer.leases):
        os.kill(os.getpid(), signal.SIGKILL)
    await _start_handed_over(loop, answer, asked, held)


_start_handed_over = PartitionLoop.start_handed_over
PartitionLoop.start_handed_over = start_handed_over  # type: ignore[method-assign, assignment]


@router.on("*")
async def write_down(event: Event) -> None:
    """Say which attempt at which event this is."""
    with DIARY.open("a") as diary:  # noqa: ASYNC230 - a test may block for a moment
        diary.write(f"{event.event_id} {event.attempt}\n")
    if not WHILE_IT_RUNS:
        await asyncio.sleep(0.005)
    elif event.event_id == DEADLY:
        os.kill(os.getpid(), signal.SIGKILL)
