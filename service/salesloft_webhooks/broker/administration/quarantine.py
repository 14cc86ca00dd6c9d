"""The quarantine: deliveries that were signed, but could not be read. To look at, to read again, to throw away.

Reading again takes the ordinary way: the dialect, deduplication, the write at the configured level of durability. A
delivery leaves the quarantine only after that, so whoever dies in between leaves it in both places, and the next time
it is a duplicate and leaves. What still cannot be read stays.
"""

from collections.abc import AsyncIterator
from enum import StrEnum

from salesloft_webhooks.broker.administration.scan import Span, scan
from salesloft_webhooks.broker.administration.stored_records import Quarantined, read_quarantined
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.publish import Publisher, Stored
from salesloft_webhooks.broker.sealed_data import opened_quarantined
from salesloft_webhooks.dialects import read_quarantined as read_delivery
from salesloft_webhooks.errors import StoreRefused, UnreadableDelivery
from salesloft_webhooks.events import NewDelivery


class Reprocessed(StrEnum):
    """What became of a delivery that was read again."""

    STORED = "stored"
    """Stored as if it had just come, with the time at which it came."""
    ALREADY_STORED = "already_stored"
    """Its event had been stored before; the delivery has left the quarantine."""
    UNREADABLE = "unreadable"
    """It still cannot be read, and stays."""
    REFUSED = "refused"
    """The server refuses what it would write; it stays."""


class Removed(StrEnum):
    """What became of a delivery that was to be thrown away."""

    DISCARDED = "discarded"
    """It is gone for good."""
    GONE = "gone"
    """It had left the quarantine meanwhile."""


async def quarantined(store: Store, span: Span) -> AsyncIterator[Quarantined]:
    """Scan the quarantine.

    Raises:
        StoreError: while scanning.
    """
    async for reference, fields in scan(store, store.keys.quarantine, span):
        yield read_quarantined(reference, opened_quarantined(store.body_keys, fields))


async def find_quarantined(store: Store, name: str) -> Quarantined | None:
    """The delivery that a reference names; None when there is none, or it was dropped as the oldest.

    Raises:
        StoreError: the store cannot be asked.
    """
    reference = Reference.parse(name)
    if reference is None or reference.partition >= store.partitions:
        return None
    span = Span(oldest=reference.entry_id, newest=reference.entry_id)
    async for one in quarantined(store, span):
        if one.reference == reference:
            return one
    return None


async def held(store: Store, newest: str = "+", reason: str = "") -> AsyncIterator[Quarantined]:
    """What is in quarantine up to the entry id ``newest``, oldest first, for this reason or for any.

    Raises:
        StoreError: while scanning.
    """
    async for one in quarantined(store, Span(newest=newest)):
        if reason in {"", one.reason}:
            yield one


async def reprocess(
    store: Store, publisher: Publisher, deliveries: AsyncIterator[Quarantined], *, event_name: str = ""
) -> AsyncIterator[tuple[Quarantined, Reprocessed]]:
    """Read deliveries again, store what can be read, and take it out of quarantine; yields what became of each.

    Args:
        store: Where.
        publisher: Stores them.
        deliveries: In the order in which they shall be stored.
        event_name: The native name of those that were kept without one.

    Raises:
        StoreError: those yielded before are stored, the one at hand may be; it is in quarantine still.
    """
    async for one in deliveries:
        try:
            events = read_delivery(one.dialect, one.from_headers or event_name, one.body)
            outcome = await publisher.publish(NewDelivery(one.source, events, received_at=one.received_at))
        except UnreadableDelivery:
            yield one, Reprocessed.UNREADABLE
        except StoreRefused:
            yield one, Reprocessed.REFUSED
        else:
            await _remove(store, one)
            yield one, Reprocessed.STORED if outcome is Stored.NEW else Reprocessed.ALREADY_STORED


async def discard(store: Store, deliveries: AsyncIterator[Quarantined]) -> AsyncIterator[tuple[Quarantined, Removed]]:
    """Throw deliveries away for good; yields what became of each.

    Raises:
        StoreError: those yielded before are gone, the one at hand may be.
    """
    async for one in deliveries:
        yield one, Removed.DISCARDED if await _remove(store, one) else Removed.GONE


async def _remove(store: Store, one: Quarantined) -> bool:
    with translated():
        return bool(await store.client.xdel(store.keys.quarantine(one.reference.partition), one.reference.entry_id))
