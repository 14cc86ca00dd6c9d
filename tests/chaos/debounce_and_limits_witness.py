"""Handlers that are debounced, in one group, and limited ones in another; the witness writes down their calls.

Of two people one rests for long enough between two events, and one never does (`debounce_counting`). Of the limited
handlers one is limited for all events, one for each person (`limit_counting`); an event needs a permit for both.
"""

import asyncio
import random
import time

from salesloft_webhooks import Debounce, Event, Limit, Router
from salesloft_webhooks.handlers.held_permit import HELD
from salesloft_webhooks.worker.handler_permits import Permit
from tests.chaos.debounce_counting import RESTING, RESTLESS
from tests.chaos.limit_counting import ALL, AT_ONCE, BURST, PER_SECOND, PERSON
from tests.chaos.witness import Witness, lifespan

debounced = Router(lifespan)
limited = Router(lifespan)


@debounced.on("person.*", where="data.restless = false", debounce=Debounce(seconds=RESTING.rest))
async def effect_at_rest(event: Event, witness: Witness) -> None:
    """Of the last event; how long the first waits at most is left as it is without a word."""
    await _call(event, witness)


@debounced.on("person.*", where="data.restless = true", debounce=Debounce(RESTLESS.rest, at_most=RESTLESS.at_most))
async def effect_of_restless(event: Event, witness: Witness) -> None:
    """Of the last event that had come by the time the first could wait no longer."""
    await _call(event, witness)


async def _call(event: Event, witness: Witness) -> None:
    witness.write("b", event, "-")
    witness.write("d", event, await witness.is_done(event))
    await _dawdle(witness)
    witness.write("e", event, "-")


@limited.on("person.*", limit=Limit(max_running=AT_ONCE[ALL]))
async def effect_of_all(event: Event, witness: Witness) -> None:
    """The first half of the event's effect."""
    witness.write("b", event, "-")
    witness.write("d", event, await witness.is_done(event))
    await _limited(ALL, event, witness)


@limited.on(
    "person.*",
    limit=Limit(max_running=AT_ONCE[PERSON], rate=f"{PER_SECOND}/s burst {BURST}", key="data.id"),
)
async def effect_of_person(event: Event, witness: Witness) -> None:
    """The second half."""
    await _limited(PERSON, event, witness)
    witness.write("e", event, "-")


async def _limited(handler: str, event: Event, witness: Witness) -> None:
    permit, now = HELD.get(), time.monotonic()
    asked, given = (permit.asked, permit.began) if isinstance(permit, Permit) else (now, now)
    said = f"{handler}:{asked:.4f}:{given:.4f}"
    witness.write("l", event, said)
    try:
        await _dawdle(witness)
    finally:  # also when it is interrupted: then it runs no more
        witness.write("m", event, said)


async def _dawdle(witness: Witness) -> None:
    if witness.dawdle:
        await asyncio.sleep(random.uniform(0, witness.dawdle))
