"""The demo's fourth group: a handler that fails on purpose, so that there are retries and dead letters to look at."""

import random

from salesloft_webhooks import Event, PermanentError, Router

router = Router()

FAILING_SHARE = 0.2
PERMANENT_SHARE = 0.01


@router.on("*")
async def fail_at_random(event: Event) -> None:
    """Fail a fifth of the attempts, and call one in a hundred hopeless.

    Raises:
        PermanentError: now and then, so that there are dead letters.
        RuntimeError: often, so that there are retries.
    """
    chance = random.random()  # noqa: S311 - a demo
    if chance < PERMANENT_SHARE:
        raise PermanentError(f"no attempt would help with this {event.event_type}: one in a hundred is like that")
    if chance < FAILING_SHARE:
        raise RuntimeError("this handler fails a fifth of the time, on purpose")
