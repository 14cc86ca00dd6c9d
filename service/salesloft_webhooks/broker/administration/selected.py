"""What an act on many things is about: those that were named, or all that a filter matches at one moment.

The command line and the console act on the same: `redrive`, `reprocess`, `discard` and `cancel_follow_ups` take what
stands here.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import find_all, freeze, frozen, size
from salesloft_webhooks.broker.administration.follow_up_acts import KnownFollowUp, find_follow_up
from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter, WaitingFollowUp
from salesloft_webhooks.broker.administration.follow_up_look import count, each_waiting
from salesloft_webhooks.broker.administration.quarantine import find_quarantined, held
from salesloft_webhooks.broker.administration.scan import newest_entry
from salesloft_webhooks.broker.administration.server_clock import server_ms
from salesloft_webhooks.broker.administration.stored_records import DeadLetter, Quarantined
from salesloft_webhooks.broker.connection.store import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Selected(Generic[T]):
    """Things to act on.

    Attributes:
        items: Each once, oldest first. They are read while one acts, so that none need be held.
        total: How many there are. Somebody else may act on some meanwhile.
        missing: Names of nothing.
        oldest: When the first of them came; None where nobody needs to know, or there is none.
    """

    items: AsyncIterator[T]
    total: int
    missing: Sequence[str] = ()
    oldest: datetime | None = None


async def named_letters(store: Store, names: Sequence[str]) -> Selected[DeadLetter]:
    """The dead letters that handles or event ids name.

    Raises:
        StoreError: the store cannot be asked.
    """
    found = await find_all(store, names)
    letters = list(dict.fromkeys(letter for several in found.values() for letter in several))
    return Selected(each(letters), len(letters), [name for name, several in found.items() if not several])


async def matching_letters(store: Store, choice: DeadLetterFilter) -> Selected[DeadLetter]:
    """The dead letters of this moment that ``choice`` wants; what dies later is not among them.

    Raises:
        StoreError: the store cannot be asked.
    """
    moment = await freeze(store, choice)
    return Selected(frozen(store, moment), await size(store, moment))


async def named_deliveries(store: Store, names: Sequence[str]) -> Selected[Quarantined]:
    """The deliveries in quarantine that references name.

    Raises:
        StoreError: the store cannot be asked.
    """
    found = {name: await find_quarantined(store, name) for name in names}
    deliveries = sorted(filter(None, found.values()), key=lambda one: one.reference)
    missing = [name for name, one in found.items() if one is None]
    return Selected(each(deliveries), len(deliveries), missing, min(_moments(deliveries), default=None))


async def matching_deliveries(store: Store, reason: str = "") -> Selected[Quarantined]:
    """What is in quarantine at this moment, for this reason or for any; what comes later is not among it.

    Raises:
        StoreError: the store cannot be asked.
    """
    newest = await newest_entry(store, store.keys.quarantine)
    moments = [one.received_at async for one in held(store, newest, reason)]
    return Selected(held(store, newest, reason), len(moments), oldest=min(moments, default=None))


async def named_follow_ups(store: Store, event_ids: Sequence[str]) -> Selected[KnownFollowUp | WaitingFollowUp]:
    """The follow-ups with these event ids of their own, whatever became of them.

    Raises:
        StoreError: the store cannot be asked.
    """
    found = {event_id: await find_follow_up(store, event_id) for event_id in event_ids}
    known = [one for one in found.values() if one is not None]
    return Selected(each(known), len(known), [event_id for event_id, one in found.items() if one is None])


async def matching_follow_ups(store: Store, wanted: FollowUpFilter) -> Selected[KnownFollowUp | WaitingFollowUp]:
    """Those that wait at this moment and are meant; what is asked for later is not among them.

    Raises:
        StoreError: the store cannot be asked.
    """
    fixed = replace(wanted, asked_until_ms=await server_ms(store))
    return Selected(each_waiting(store, fixed), await count(store, fixed))


async def each(items: Iterable[T]) -> AsyncIterator[T]:
    """Things at hand, as acts take them."""
    for item in items:
        yield item


def _moments(deliveries: Iterable[Quarantined]) -> Iterator[datetime]:
    return (one.received_at for one in deliveries)
