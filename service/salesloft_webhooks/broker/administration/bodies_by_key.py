"""Which keys the stored bodies are encrypted with: what may leave the key file, and what is missing in it."""

from collections import Counter
from typing import Any

from salesloft_webhooks.broker.administration.streams import all_streams
from salesloft_webhooks.broker.administration.waiting_follow_ups import waiting_follow_ups
from salesloft_webhooks.broker.body_encryption import MARK, key_of
from salesloft_webhooks.broker.connection.store import Store, translated

PAGE = 100


async def bodies_by_key(store: Store) -> Counter[str]:
    """How many bodies each key has encrypted, by its id; under the empty one those that are plain.

    What came into a stream meanwhile may be counted or not. A body that several events share counts once.

    Raises:
        StoreError: the store cannot be asked.
    """
    counted = Counter[str]()
    for _, stream in await all_streams(store):
        after = "-"
        while after:
            with translated():
                page: Any = await store.client.xrange(stream, after, "+", PAGE)
            bodies = [fields[b"body"] for _, fields in page if fields.get(b"body")]
            counted.update(key_of(body) if body[: len(MARK)] == MARK else "" for body in bodies)
            after = f"({page[-1][0].decode()}" if len(page) == PAGE else ""
    for partition in range(store.partitions):
        async for _, row in waiting_follow_ups(store, partition):
            counted[key_of(row.body) if row.body[: len(MARK)] == MARK else ""] += 1
    return counted
