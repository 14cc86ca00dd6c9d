"""A limited handler that writes down when it begins and ends; once, in the middle, its worker is killed, or frozen."""

import asyncio
import os
import signal
import time
from pathlib import Path

from salesloft_webhooks import Event, Limit, Router

FOLDER, SIGNAL = Path(os.environ["FOLDER"]), signal.Signals[os.environ["SIGNAL"]]
router: Router[None] = Router()


def write(what: str, event: Event) -> None:
    """A line, in one write; the clock is the machine's, so the same in all processes."""
    with (FOLDER / "diary").open("a") as diary:
        diary.write(f"{time.monotonic_ns()} {what} {os.getpid()} {event.event_id} {event.entity_key}\n")


@router.on("*", limit=Limit(max_running=2, rate="200/s burst 10", key="entity_key"))
async def handle(event: Event) -> None:
    """Take some time."""
    write("begin", event)
    await asyncio.sleep(0.02)
    hit = FOLDER / "hit"
    if event.event_id == "e30" and not hit.exists():
        hit.write_text(str(os.getpid()))
        write("hit", event)
        os.kill(os.getpid(), SIGNAL)
    write("end", event)
