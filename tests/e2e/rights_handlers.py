"""Handlers of which each does something else to the store, by the event's type."""

import asyncio

from salesloft_webhooks import Event, PermanentError, Retry, Router, Unavailable

router = Router()
_away: set[str] = set()
"""Events that found nobody there; such an attempt counts as none."""


@router.on("person.updated")
async def second_time_lucky(event: Event) -> None:
    """Fail once, and ask for follow-ups: one comes at once, the other is cancelled."""
    if event.follow_up is not None:
        return
    await event.later(after=0.1, key="soon")
    await event.later(after=3_600, key="never")
    await event.cancel_later("never")
    if event.attempt == 1:
        raise ValueError("not yet")


@router.on("person.created")
async def gives_up(_: Event) -> None:
    """Never succeed."""
    raise PermanentError("never")


@router.on("call.created")
async def much_later(_: Event) -> None:
    """Come again in an hour: the lane waits behind it."""
    raise Retry("in an hour", after=3_600)


@router.on("email.replied")
async def takes_its_time(_: Event) -> None:
    """Longer than a lease."""
    await asyncio.sleep(1.5)


@router.on("step.completed")
async def nobody_there(event: Event) -> None:
    """A back end that is down, once: the group pauses."""
    if event.event_id not in _away:
        _away.add(event.event_id)
        raise Unavailable("away", after=0.2)
