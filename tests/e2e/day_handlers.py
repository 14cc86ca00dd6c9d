"""Handlers of a day of follow-ups: the event says what to ask for; each attempt is written down, with its time.

Each line of the diary is ``<word> <process> <event id> <time> <seconds>``. The word is ``asks`` (seconds: after how
many), ``runs`` (a task begins; seconds: when it was due) or ``ends`` (its effect has happened).
"""

import asyncio
import os
import time
from pathlib import Path

from salesloft_webhooks import Event, Ordering, Router

KEY = "no reply"
DAWDLES_SECONDS = 0.05
"""So that a process which is killed has something under way."""
router = Router(ordering=Ordering.ENTITY)
DIARY = Path(os.environ.get("DIARY", os.devnull))


def write(word: str, event: Event, seconds: float = 0.0) -> None:
    """A line; O_APPEND keeps lines of several processes whole."""
    with DIARY.open("a", encoding="ascii") as diary:
        diary.write(f"{word} {os.getpid()} {event.event_id} {time.time():.4f} {seconds:.4f}\n")


async def ask(event: Event, left: int) -> None:
    """Ask for a reminder, which asks for as many more as are left."""
    after = event.data["after"]
    write("asks", event, after)
    on_done = event.data["on_done"]
    await event.later(after=after, key=KEY, task="remind", arguments={"left": left}, on_done=on_done)


@router.on("email.sent")
async def sent(event: Event) -> None:
    """Ask for what the mail says."""
    await ask(event, event.data["left"])
    await asyncio.sleep(DAWDLES_SECONDS)


@router.on("email.replied")
async def replied(event: Event) -> None:
    """Cancel what waits."""
    await event.cancel_later(KEY)


@router.task("remind")
async def remind(event: Event) -> None:
    """Write down that it runs, and that it has."""
    assert event.follow_up is not None
    write("runs", event, event.follow_up.due_at.timestamp())
    await asyncio.sleep(DAWDLES_SECONDS)
    if left := event.follow_up.arguments["left"]:
        await ask(event, left - 1)
    write("ends", event)
