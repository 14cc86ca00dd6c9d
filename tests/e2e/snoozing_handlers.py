"""A handler that snoozes three times, and whose worker is killed once, at a step that the test chooses."""

import asyncio
import os
import signal
import time
from pathlib import Path

from salesloft_webhooks import Event, Retry, Router

FOLDER, DEADLY = Path(os.environ.get("FOLDER", os.devnull)), os.environ.get("DEADLY", "")
AFTER_SECONDS, SNOOZES = 0.5, 3
router: Router[None] = Router()


def die() -> None:
    """The first time."""
    died = FOLDER / "died"
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@router.on("*")
async def wait(event: Event) -> None:
    """Write down when it was called; say that it is too early, and die of the second time."""
    calls = FOLDER / "calls"
    with calls.open("a") as diary:
        diary.write(f"{time.time()} {event.attempt}\n")
    number = len(calls.read_text().splitlines())
    if number == 2 and DEADLY == "before it is said":
        die()
    if number == 2 and DEADLY == "while it waits":
        asyncio.get_running_loop().call_later(AFTER_SECONDS / 2, die)
    if number <= SNOOZES + (DEADLY == "before it is said"):
        raise Retry("too early", after=AFTER_SECONDS, counted=False)
    if DEADLY == "after its effect":
        die()
