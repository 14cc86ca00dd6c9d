"""A debounced handler beside an ordinary one, killed once, at a step that the test chooses."""

import os
import signal
from pathlib import Path

from salesloft_webhooks import Debounce, Event, Ordering, Router

router = Router(ordering=Ordering.ENTITY)
DEADLY, FOLDER = os.environ["DEADLY"], Path(os.environ["FOLDER"])


def step(name: str, event_id: str) -> None:
    """Die here, the first time; of some steps at the last event only."""
    died = FOLDER / "died"
    if DEADLY in {name, f"{name} of {event_id}"} and not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@router.on("person.updated")
async def before(event: Event) -> None:
    """Runs for each event, before the other is put off."""
    step("before asking", event.event_id)


@router.on("person.updated", debounce=Debounce(seconds=0.4, at_most=2))
async def sync(event: Event) -> None:
    """Write down with which event it was called."""
    assert event.follow_up is not None
    step("before its effect", event.event_id)
    with (FOLDER / "synced").open("a") as diary:
        diary.write(f"{event.person_id} {event.follow_up.event_id}\n")
    step("after its effect", event.event_id)


@router.on("person.updated")
async def after(event: Event) -> None:
    """Runs for each event, after the other was put off, and before `done` is stored."""
    step("after asking", event.event_id)
