"""Handlers in a thread and in a process, which take for ever in the first attempt, and write down each."""

import os
import time
from pathlib import Path

from salesloft_webhooks import Event, Router

router: Router[None] = Router()
DIARY = Path(os.environ["DIARY"])


def note(event: Event) -> None:
    """Say who is at which attempt at which event; then hang, if it is the first."""
    with DIARY.open("a") as diary:
        diary.write(f"{event.event_type} {event.attempt} {os.getpid()}\n")
    if event.attempt == 1:
        time.sleep(600)


@router.on("person.*")
def in_a_thread(event: Event) -> None:
    """In the worker's own process."""
    note(event)


@router.on("call.*", in_process=True)
def in_a_process(event: Event) -> None:
    """In another one."""
    note(event)
