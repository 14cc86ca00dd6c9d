"""A batch handler that writes down whom it had, and dies of some."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from salesloft_webhooks import Event, Ordering, Router

router: Router[None] = Router(ordering=Ordering.ENTITY)
DEADLY, DIARY = os.environ.get("DEADLY", ""), Path(os.environ["DIARY"])


@router.on_batch("*", max_size=16, max_wait=0.05)
async def write_down(events: Sequence[Event]) -> None:
    """A line for each event: the call, the person, the event; then the effect takes a moment."""
    lines = [f"{os.getpid()} {event.entity_key} {event.event_id}\n" for event in events]
    with DIARY.open("a") as diary:  # noqa: ASYNC230 - a test may block for a moment
        diary.writelines(lines)
    if any(event.event_id == DEADLY for event in events):
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.sleep(0.002)
