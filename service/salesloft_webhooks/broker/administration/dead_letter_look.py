"""Dead letters without their data: quicker to read than whole ones, and without personal data but ids."""

from collections.abc import AsyncGenerator, Sequence

from salesloft_webhooks.broker.administration.scan import Span, bounds
from salesloft_webhooks.broker.administration.stored_records import DeadLetter, read_dead_letter
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.entry_reference import Reference

AT_ONCE = 200
"""Letters in one call: bodies are large, and the server reads them although it does not send them."""
ERROR_BYTES = 400
"""Of an error, so much is read."""


async def look(
    store: Store, group: str, partition: int, low: str, high: str, *, count: int = AT_ONCE, newest_first: bool = False
) -> list[DeadLetter]:
    """Up to ``count`` letters of one partition between two ids, which are as XRANGE takes them; `data` is empty.

    Raises:
        StoreError: the store cannot be asked.
    """
    args: list[Argument] = [group, low, high, count, "down" if newest_first else "up", ERROR_BYTES]
    found = await store.run("look_dead", partition, args)
    return [
        read_dead_letter(group, Reference.of(partition, entry_id), dict(zip(words[::2], words[1::2], strict=True)))
        for entry_id, words in found
    ]


async def looked_through(store: Store, group: str, span: Span) -> AsyncGenerator[DeadLetter]:
    """The letters of a group in all partitions, in order of time, without their data.

    Raises:
        StoreError: while reading.
    """
    walks = [_partition(store, group, partition, span) for partition in range(store.partitions)]
    heads = [await anext(walk, None) for walk in walks]
    choose = max if span.newest_first else min
    while any(heads):
        chosen = choose((head for head in heads if head), key=lambda letter: letter.reference)
        yield chosen
        heads[chosen.reference.partition] = await anext(walks[chosen.reference.partition], None)


async def newest_letters(store: Store, group: str) -> tuple[str, ...]:
    """The id of the newest letter of each partition, ``0-0`` where there is none: what dies later is behind it.

    Raises:
        StoreError: the store cannot be asked.
    """
    newest: Sequence[list[DeadLetter]] = [
        await look(store, group, partition, "-", "+", count=1, newest_first=True)
        for partition in range(store.partitions)
    ]
    return tuple(found[0].reference.entry_id if found else "0-0" for found in newest)


async def _partition(store: Store, group: str, partition: int, span: Span) -> AsyncGenerator[DeadLetter]:
    low, high = bounds(partition, span)
    while True:
        page = await look(store, group, partition, low, high, newest_first=span.newest_first)
        for letter in page:
            yield letter
        if len(page) < AT_ONCE:
            return
        beyond = f"({page[-1].reference.entry_id}"
        low, high = (low, beyond) if span.newest_first else (beyond, high)
