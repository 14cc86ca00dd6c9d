"""Handlers that ask for follow-ups and cancel some, one event at a time and in batches; the witness writes it all down.

Of four people one asks for nothing. Of the others every other event asks: of the first at once, of the second with
`done`, of the third at once for later than her next event should come, which cancels it.
"""

import asyncio
import random
from collections.abc import Sequence

from salesloft_webhooks import Event, Failures, Router
from tests.chaos.live import ORDERED
from tests.chaos.witness import Witness, lifespan

SOON_SECONDS, LATE_SECONDS = 0.5, 3.0
KINDS = ("none", "at once", "with done", "cancelled")
TASK = "remind"

router = Router(lifespan)
batches = Router(lifespan)


@router.on("person.*")
@router.task(TASK)
async def effect(event: Event, witness: Witness) -> None:
    """Of one event, or of a follow-up of one."""
    await _attempt(event, witness)


@batches.on_batch("person.*", max_size=16, max_wait=0.05)
async def effects(events: Sequence[Event], witness: Witness) -> Failures:
    """Of several, follow-ups of earlier ones among them."""
    ended = await asyncio.gather(*(_attempt(event, witness) for event in events), return_exceptions=True)
    return {event.event_id: error for event, error in zip(events, ended, strict=True) if isinstance(error, Exception)}


async def _attempt(event: Event, witness: Witness) -> None:
    witness.write("b", event, "-")
    witness.write("d", event, await witness.is_done(event))
    kind, asks = _kind(event)
    if kind == "cancelled" and not asks:
        await event.cancel_later(kind)
        witness.write("c", event, "-")
    if witness.dawdle:
        await asyncio.sleep(random.uniform(0, witness.dawdle))
    if asks:
        await _ask(event, witness, kind)
    witness.write("e", event, "-")


async def _ask(event: Event, witness: Witness, kind: str) -> None:
    after = LATE_SECONDS if kind == "cancelled" else SOON_SECONDS
    key = kind if kind == "cancelled" else event.event_id  # so that none of the others is replaced by the next
    task = TASK if event.group == ORDERED else ""
    witness.write("a", event, str(after))
    await event.later(after=after, key=key, task=task, on_done=kind == "with done")


def _kind(event: Event) -> tuple[str, bool]:
    """What becomes of the follow-ups of the event's person, and whether this event asks for one."""
    if event.follow_up is not None:
        return "none", False
    _, _, person, sequence = event.event_id.split("-")
    kind = KINDS[int(person) % len(KINDS)]
    return kind, kind != "none" and int(sequence) % 2 == 1
