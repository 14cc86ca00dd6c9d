"""Handlers that ask for a follow-up, and are killed once, at a step that the test chooses."""

import os
import signal
from pathlib import Path

from salesloft_webhooks import Event, Ordering, Router

router = Router(ordering=Ordering.ENTITY)
DEADLY, FOLDER = os.environ["DEADLY"], Path(os.environ["FOLDER"])
ON_DONE = "ON_DONE" in os.environ


def step(name: str) -> None:
    """Die here, the first time."""
    died = FOLDER / "died"
    if name == DEADLY and not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@router.on("email.sent")
async def sent(event: Event) -> None:
    """Ask for a task."""
    step("before asking")
    await event.later(after=0.3, key="remind", task="remind", arguments={"of": event.event_id}, on_done=ON_DONE)
    step("after asking")


@router.on("email.replied")
async def replied(event: Event) -> None:
    """Cancel what waits."""
    step("before cancelling")
    await event.cancel_later("remind")
    step("after cancelling")


@router.task("remind")
async def remind(event: Event) -> None:
    """Write down that it ran."""
    step("before its effect")
    assert event.follow_up is not None
    with (FOLDER / "reminded").open("a") as diary:
        diary.write(f"{event.follow_up.arguments['of']} {event.event_id}\n")
    step("after its effect")
