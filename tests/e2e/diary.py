"""Handlers of worker processes under test; what they do is told by the environment and written to a file.

Each line of the diary is one attempt: ``<entity key> <event id> <attempt>``, written before anything can go wrong.
"""

import asyncio
import os
import random
from pathlib import Path

from salesloft_webhooks import Event, Router

router: Router[None] = Router()


def write(event: Event) -> None:
    """Append a line; O_APPEND keeps lines of several processes whole."""
    with Path(os.environ["DIARY"]).open("a", encoding="ascii") as diary:
        diary.write(f"{event.entity_key} {event.event_id} {event.attempt}\n")


@router.on("person.*")
async def live(event: Event) -> None:
    """Write, work a little, fail now and then."""
    write(event)
    await asyncio.sleep(random.uniform(0, 0.01))
    if random.random() < float(os.environ.get("FAILURES", "0")):
        raise ValueError("now and then")


@router.on("call.*")
async def die(event: Event) -> None:
    """Take the whole process along, without a word, as a segmentation fault would."""
    write(event)
    os._exit(1)


@router.on("note.*")
async def need_mending(event: Event) -> None:
    """Fail until somebody has mended it."""
    write(event)
    if not Path(os.environ["MENDED"]).exists():  # noqa: ASYNC240 - a test may block for a moment
        raise ConnectionError("the CRM refuses")


@router.on("task.*")
async def dawdle(event: Event) -> None:
    """Be slow enough to be running whenever a neighbour dies."""
    await asyncio.sleep(0.2)
    write(event)
