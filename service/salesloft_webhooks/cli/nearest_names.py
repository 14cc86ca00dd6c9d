"""Names that people type: groups, event types, letters, events. Of one that does not exist the nearest are named."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.paging import first

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store

LISTED_AT_MOST = 10
"""Names of a message that names all there are."""
NEAR_AT_MOST = 10
"""Names of one command that the nearest are looked for."""
COMPARED_AT_MOST = 500
"""Of letters and events the latest: what somebody mistypes he has just read."""


async def require_group(store: "Store", group: str) -> None:
    """End the command unless there is such a group, dead letters of a removed one included.

    The message names the nearest, or all if they are few.

    Raises:
        StoreError: the store cannot be asked.
    """
    from salesloft_webhooks.broker.administration.stats import group_names

    names = sorted(await group_names(store))
    if group not in names:
        fail(f"no such group: {group} ({_instead(group, names)})")


async def near_letters(store: "Store", name: str) -> str:
    """`` (nearest: ...)`` for what names no dead letter: letters or their events, of the latest ones; or nothing.

    Raises:
        StoreError: the store cannot be asked.
    """
    from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
    from salesloft_webhooks.broker.administration.dead_letters import dead_letters

    letters = await first(COMPARED_AT_MOST, dead_letters(store, DeadLetterFilter()))
    return nearest_of(name, [text for one in letters for text in (one.handle, one.event_id)])


async def near_events(store: "Store", event_id: str) -> str:
    """The same for what is no event's id, of the latest events.

    Raises:
        StoreError: the store cannot be asked.
    """
    from salesloft_webhooks.broker.administration.entries import latest

    return nearest_of(event_id, [entry.event_id for entry in await first(COMPARED_AT_MOST, latest(store))])


async def near_deliveries(store: "Store", name: str) -> str:
    """The same for what names no delivery in quarantine, of all there are: their number is bounded.

    Raises:
        StoreError: the store cannot be asked.
    """
    from salesloft_webhooks.broker.administration.quarantine import held

    return nearest_of(name, [str(one.reference) async for one in held(store)])


def nearest_of(name: str, names: Iterable[str]) -> str:
    """`` (nearest: ...)``, or nothing where none is near."""
    near = get_close_matches(name, dict.fromkeys(names))
    return f" (nearest: {', '.join(near)})" if near else ""


def require_known_types(types: Iterable[str] | None) -> None:
    """End the command when a type or pattern means nothing that is known: for commands that found nothing of it.

    Senders of envelopes may have types of their own, so only what was not found either is a mistake.
    """
    from salesloft_webhooks.event_patterns import is_known

    for pattern in types or ():
        if not is_known(pattern):
            fail(f"no event of type {pattern} here, and none is known{did_you_mean(pattern)}")


def did_you_mean(pattern: str) -> str:
    """`` (did you mean ...?)`` for an event type or pattern that is not known, or nothing where none is near."""
    from salesloft_webhooks.event_patterns import nearest

    near = ", ".join(nearest(pattern))
    return f" (did you mean {near}?)" if near else ""


def _instead(name: str, names: Sequence[str]) -> str:
    if not names:
        return "there is none yet"
    if near := get_close_matches(name, names):
        return f"did you mean {' or '.join(near)}?"
    more = f" and {len(names) - LISTED_AT_MOST} more" if len(names) > LISTED_AT_MOST else ""
    return f"there are: {', '.join(names[:LISTED_AT_MOST])}{more}"
