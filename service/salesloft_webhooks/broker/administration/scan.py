"""Scans streams of the same kind, one per partition, as if they were one, in order of time."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.entry_head import by_name
from salesloft_webhooks.broker.entry_reference import Reference, beyond
from salesloft_webhooks.broker.records import Fields
from salesloft_webhooks.broker.sealed_data import opened_fields
from salesloft_webhooks.broker.shared_bodies import carrier_of

PAGE = 100
"""Entries read in one round trip: bodies may be large, and a reader may want only the first few."""

Found = tuple[Reference, Fields]


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the streams to scan, in which direction.

    Attributes:
        oldest: First entry id (inclusive; ``-`` for the beginning), in every partition.
        newest: Last entry id (inclusive; ``+`` for the end). An entry added during the scan may be met, so scans that
            add entries themselves must set it.
        after: Go on behind this entry, in the scan's direction.
        newest_first: The direction.
    """

    oldest: str = "-"
    newest: str = "+"
    after: Reference | None = None
    newest_first: bool = False


async def scan(store: Store, key_of: Callable[[int], str], span: Span) -> AsyncIterator[Found]:
    """Every entry of the span in all partitions, in order of time.

    Raises:
        StoreError: while scanning.
    """
    scans = [_scan_partition(store, key_of(partition), partition, span) for partition in range(store.partitions)]
    heads = [await anext(one, None) for one in scans]
    choose = max if span.newest_first else min
    while any(heads):
        chosen = choose((head for head in heads if head), key=lambda head: head[0])
        yield chosen
        heads[chosen[0].partition] = await anext(scans[chosen[0].partition], None)


async def newest_entry(store: Store, key_of: Callable[[int], str]) -> str:
    """The highest entry id of all partitions, to bound a scan that adds entries itself; ``0-0`` without any.

    Raises:
        StoreError: the store cannot be asked.
    """
    newest = Reference(0, 0, 0)
    for partition in range(store.partitions):
        last = await read(store, key_of(partition), "-", "+", count=1, newest_first=True)
        newest = max([newest, *(Reference.of(partition, entry_id) for entry_id, _ in last)])
    return newest.entry_id


async def read(
    store: Store, key: str, low: str, high: str, *, count: int, newest_first: bool = False
) -> list[tuple[bytes, Fields]]:
    """Up to ``count`` entries of one stream between two ids.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        # redis-py types replies for every setting of its own; ours is always bytes.
        found: Any = await (
            store.client.xrevrange(key, high, low, count)
            if newest_first
            else store.client.xrange(key, low, high, count)
        )
    page = [(entry_id, by_name(fields)) for entry_id, fields in found]
    await carry_bodies(store, key, page)
    return page


async def carry_bodies(store: Store, key: str, page: list[tuple[bytes, Fields]]) -> None:
    """Give the entries of a page the bodies that they share with others (``shared_bodies.py``), unsealed, in place.

    Of an entry whose body was deleted by hand nothing is said, and its data is empty.

    Raises:
        StoreError: the store cannot be asked.
    """
    bodies = {entry_id: fields[b"body"] for entry_id, fields in page if fields.get(b"body")}
    borrowing = [
        (index, carrier)
        for index, (entry_id, fields) in enumerate(page)
        if (carrier := carrier_of(entry_id, fields.get(b"of", b"")))
    ]
    absent = sorted({carrier for _, carrier in borrowing} - bodies.keys())
    if absent:
        with translated():
            asked = store.client.pipeline(transaction=False)
            for carrier in absent:
                asked.xrange(key, carrier, carrier)
            replies = await asked.execute()
        bodies |= {entry_id: fields[b"body"] for reply in replies for entry_id, fields in reply if b"body" in fields}
    for index, carrier in borrowing:
        entry_id, fields = page[index]
        body = bodies.get(carrier)
        own = {b"body": b"", b"of": b""} if body is None else {b"body": body, b"of": fields[b"of"]}
        page[index] = (entry_id, {**fields, **own})
    for index, (entry_id, fields) in enumerate(page):
        page[index] = (entry_id, opened_fields(store.body_keys, fields))


async def _scan_partition(store: Store, key: str, partition: int, span: Span) -> AsyncIterator[Found]:
    low, high = bounds(partition, span)
    while True:
        page = await read(store, key, low, high, count=PAGE, newest_first=span.newest_first)
        for entry_id, fields in page:
            yield Reference.of(partition, entry_id), fields
        if len(page) < PAGE:
            return
        beyond = "(" + page[-1][0].decode()
        low, high = (low, beyond) if span.newest_first else (beyond, high)


def bounds(partition: int, span: Span) -> tuple[str, str]:
    """Where to begin and end in one partition, as XRANGE takes it.

    Partitions share the order (time, partition) of `Reference`.
    """
    if (after := span.after) is None:
        return span.oldest, span.newest
    passed = partition >= after.partition if span.newest_first else partition <= after.partition
    start = beyond(after.entry_id) if passed else after.entry_id
    return (span.oldest, start) if span.newest_first else (start, span.newest)
