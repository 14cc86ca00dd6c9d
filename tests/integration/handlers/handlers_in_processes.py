"""Handlers for processes of their own, which import this module."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from salesloft_webhooks import Event, Failures, PermanentError, Retry, Router

router: Router[None] = Router()


class OddError(Exception):
    """Cannot be made again from what it was made of."""

    def __init__(self, one: str, *, two: str) -> None:
        super().__init__(f"{one} {two}")


@router.on("person.*", in_process=True, timeout_seconds=5)
def handle(event: Event) -> None:
    """Do what the event says."""
    match event.data:
        case {"file": file}:
            Path(file).write_text(str(os.getpid()))
        case {"dies": number}:
            os.kill(os.getpid(), number)
        case {"exits": code}:
            sys.exit(code)
        case {"leaves": code}:
            os._exit(code)
        case {"retry": after}:
            raise Retry("later", after=after)
        case {"odd": text}:
            raise OddError(text, two="and more")
        case {"raises": text}:
            raise ValueError(text)


@router.on("email.*", in_process=True, timeout_seconds=0.3)
def hang(event: Event) -> None:
    """Say where, and take too long, whatever is asked of it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(event.data["file"]).write_text(str(os.getpid()))
    while True:
        time.sleep(1)


@router.on_batch("call.*", max_size=10, in_process=True)
def all_at_once(events: Sequence[Event]) -> Failures:
    """The second one fails."""
    return {events[1].event_id: PermanentError("no")}
