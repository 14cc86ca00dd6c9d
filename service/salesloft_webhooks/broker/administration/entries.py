"""Entries of the stream as people look at them, and the stream as it grows."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from salesloft_webhooks.broker.administration.entry_reference import Reference
from salesloft_webhooks.broker.administration.scan import PAGE, Fields, Span, read, text, walk
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.errors import StoreError

Trouble = Callable[[StoreError], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the stream.

    Attributes:
        reference: Where it is.
        event_id: Of the event.
        event_type: Of the event.
        entity_key: What it is ordered by.
        source: Where it came from.
        created_at: When it happened, as the sender wrote it.
        received_at: When the store accepted it.
        only: The one group it is for (a replay or redrive), or empty.
        data: The resource as JSON bytes. Personal data: show it only when asked to.
    """

    reference: Reference
    event_id: str
    event_type: str
    entity_key: str
    source: str
    created_at: str
    received_at: datetime
    only: str
    data: bytes = field(repr=False)


def entry_of(reference: Reference, fields: Fields) -> Entry:
    """The entry that a stream's fields describe."""
    return Entry(
        reference=reference,
        event_id=text(fields, b"id"),
        event_type=text(fields, b"type"),
        entity_key=text(fields, b"key"),
        source=text(fields, b"src"),
        created_at=text(fields, b"made"),
        received_at=datetime.fromtimestamp(int(fields.get(b"at", b"0")) / 1_000, UTC),
        only=text(fields, b"only"),
        data=fields.get(b"body", b""),
    )


async def latest(store: Store) -> AsyncGenerator[Entry]:
    """Every entry of the stream, the latest first.

    Raises:
        StoreError: while walking.
    """
    async for reference, fields in walk(store, store.keys.events, Span(newest_first=True)):
        yield entry_of(reference, fields)


async def tail(
    store: Store, *, last: int = 10, poll_seconds: float = 1.0, trouble: Trouble | None = None
) -> AsyncGenerator[Entry]:
    """The latest ``last`` entries, then every new one as it is stored, without end. Consumes nothing.

    Args:
        store: Where.
        last: How many earlier entries to begin with.
        poll_seconds: How long one blocking read may take; below the socket's time-out.
        trouble: Told when the store cannot be asked, once it has begun: it goes on where it was when the store is back.

    Raises:
        StoreError: the store cannot be asked at the beginning.
    """
    positions = [await _end_of(store, partition) for partition in range(store.partitions)]
    for reference, fields in await _latest(store, last, max(positions)):
        yield entry_of(reference, fields)
    while True:
        reads = (_read_on(store, position, poll_seconds) for position in positions)
        replies = await asyncio.gather(*reads, return_exceptions=True)
        found = []
        for reply in replies:
            if isinstance(reply, StoreError):
                if trouble is not None:
                    trouble(reply)
                await asyncio.sleep(poll_seconds)
            elif isinstance(reply, BaseException):
                raise reply
            else:
                found += reply
        for reference, fields in sorted(found, key=lambda one: one[0]):
            positions[reference.partition] = reference
            yield entry_of(reference, fields)


async def _end_of(store: Store, partition: int) -> Reference:
    newest = await read(store, store.keys.events(partition), "-", "+", count=1, newest_first=True)
    return Reference.of(partition, newest[0][0]) if newest else Reference(0, 0, partition)


async def _latest(store: Store, count: int, end: Reference) -> list[tuple[Reference, Fields]]:
    found: list[tuple[Reference, Fields]] = []
    async for one in walk(store, store.keys.events, Span(newest=end.entry_id, newest_first=True)):
        if len(found) >= count:
            break
        found.insert(0, one)
    return found


async def _read_on(store: Store, position: Reference, seconds: float) -> list[tuple[Reference, Fields]]:
    key = store.keys.events(position.partition)
    with translated():
        reply: Any = await store.client.xread({key: position.entry_id}, PAGE, int(seconds * 1_000))
    # {stream: [page]} or [[stream, page]], by the version of the protocol; nothing at all after a time-out.
    pages = reply.values() if isinstance(reply, dict) else [[page] for _, page in reply or []]
    return [(Reference.of(position.partition, entry_id), fields) for [page] in pages for entry_id, fields in page]
