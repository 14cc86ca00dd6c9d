"""Entries of the stream as people look at them, and the stream as it grows."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from salesloft_webhooks.broker.administration.scan import PAGE, Span, carry_bodies, read, scan
from salesloft_webhooks.broker.administration.stored_records import Entry, read_entry
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.entry_head import by_name
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.records import Fields
from salesloft_webhooks.errors import StoreError

OnError = Callable[[StoreError], None]


async def latest(store: Store) -> AsyncGenerator[Entry]:
    """Every entry of the stream, the latest first.

    Raises:
        StoreError: while scanning.
    """
    async for reference, fields in scan(store, store.keys.events, Span(newest_first=True)):
        yield read_entry(reference, fields)


async def tail(
    store: Store, *, last: int = 10, poll_seconds: float = 1.0, on_error: OnError | None = None
) -> AsyncGenerator[Entry]:
    """The latest ``last`` entries, then every new one as it is stored, without end. Consumes nothing.

    Args:
        store: Where.
        last: How many earlier entries to begin with.
        poll_seconds: How long one blocking read may take; below the socket's time-out.
        on_error: Called when the store cannot be asked, once it has begun: it goes on when the store is back.

    Raises:
        StoreError: the store cannot be asked at the beginning.
    """
    positions = [await _end_of(store, partition) for partition in range(store.partitions)]
    for reference, fields in await _latest(store, last, max(positions)):
        yield read_entry(reference, fields)
    while True:
        reads = (_read_on(store, position, poll_seconds) for position in positions)
        replies = await asyncio.gather(*reads, return_exceptions=True)
        found = []
        for reply in replies:
            if isinstance(reply, StoreError):
                if on_error is not None:
                    on_error(reply)
                await asyncio.sleep(poll_seconds)
            elif isinstance(reply, BaseException):
                raise reply
            else:
                found += reply
        for reference, fields in sorted(found, key=lambda one: one[0]):
            positions[reference.partition] = reference
            yield read_entry(reference, fields)


async def _end_of(store: Store, partition: int) -> Reference:
    newest = await read(store, store.keys.events(partition), "-", "+", count=1, newest_first=True)
    return Reference.of(partition, newest[0][0]) if newest else Reference(0, 0, partition)


async def _latest(store: Store, count: int, end: Reference) -> list[tuple[Reference, Fields]]:
    found: list[tuple[Reference, Fields]] = []
    async for one in scan(store, store.keys.events, Span(newest=end.entry_id, newest_first=True)):
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
    found = [(entry_id, by_name(fields)) for [page] in pages for entry_id, fields in page]
    await carry_bodies(store, key, found)
    return [(Reference.of(position.partition, entry_id), fields) for entry_id, fields in found]
