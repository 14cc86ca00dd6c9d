"""A handler of a limited group that writes down when it begins and ends, and kills its worker once, in the middle."""

import asyncio
import os
import signal
import time
from pathlib import Path

from salesloft_webhooks import Event, Router

FOLDER, DEADLY = Path(os.environ["FOLDER"]), os.environ["DEADLY"]
router = Router(max_running=3, rate="200/s burst 10")


def write(what: str, event: Event) -> None:
    """A line, in one write; the clock is the machine's, so the same in all processes."""
    with (FOLDER / "diary").open("a") as diary:
        diary.write(f"{time.monotonic_ns()} {what} {os.getpid()} {event.event_id}\n")


@router.on("*")
async def handle(event: Event) -> None:
    """Take some time."""
    write("begin", event)
    await asyncio.sleep(0.02)
    died = FOLDER / "died"
    if event.event_id == DEADLY and not died.exists():
        died.touch()
        write("die", event)
        os.kill(os.getpid(), signal.SIGKILL)
    write("end", event)
