"""Writing a stream anew, so that the server keeps nothing of what was deleted from it.

Redis only marks an entry that is deleted: its bytes stay in memory, and in the files that are made of it, until all of
the block of some hundred entries goes in which it stands. With events that is when the retention is over, with dead
letters it may be never. So the stream is copied, slice by slice beside all that happens to it, and in one step the copy
takes its place (``replace_stream.lua``). Whoever dies meanwhile leaves the stream as it was, and a copy that ends by
itself or that the next run goes on with.
"""

import asyncio
from enum import StrEnum

from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.errors import StoreFull

SLICE = 200
"""Entries copied in one call: a millisecond or two of the server."""
LAST_SLICE = 2_000
"""Entries that may still be copied in the step that replaces the stream."""
MOST_PENDING = 10_000
"""Pending entries that this step may carry over; more would block the server for longer than a slow command."""
TRIES = 20
POLL_SECONDS = 0.5


class Rewritten(StrEnum):
    """What became of the wish to write a stream anew."""

    REPLACED = "replaced"
    """The server has nothing of what was deleted from it."""
    GONE = "gone"
    """There is no such stream."""
    RUNNING = "running"
    """A worker still runs an entry that was deleted; nothing was changed."""
    BUSY = "busy"
    """Too many entries are pending in its groups; nothing was changed."""
    NO_ROOM = "no_room"
    """There is no room for a copy beside it; nothing was changed."""
    BEHIND = "behind"
    """It grows or changes faster than it is copied; nothing was changed."""


async def rewrite_stream(
    store: Store, partition: int, stream: str, *, memory_share: float, patience_seconds: float
) -> Rewritten:
    """Write one stream of a partition anew.

    Args:
        store: Where.
        partition: Which it belongs to.
        stream: Its key.
        memory_share: Of what the server may use that may be used with the copy.
        patience_seconds: How long to wait for workers that run what was deleted.

    Raises:
        StoreError: the stream is as it was, or replaced.
    """
    deadline = asyncio.get_running_loop().time() + patience_seconds
    keys = [stream, store.keys.stream_copy(stream)]
    tries = 0
    while True:
        copied = await _copy(store, partition, keys, memory_share)
        if copied in {Rewritten.NO_ROOM, Rewritten.GONE}:
            return Rewritten(copied)
        answer = (await store.run("replace_stream", partition, [LAST_SLICE, MOST_PENDING], keys)).decode()
        if answer in {"behind", "different"}:
            tries += 1
            if tries >= TRIES:
                return await _given_up(store, keys, Rewritten.BEHIND)
        elif answer == Rewritten.RUNNING and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(POLL_SECONDS)
        elif answer in {Rewritten.RUNNING, Rewritten.BUSY}:
            return await _given_up(store, keys, Rewritten(answer))
        else:
            return Rewritten(answer)


async def _copy(store: Store, partition: int, keys: list[str], memory_share: float) -> str:
    answer = "more"
    while answer == "more":
        try:
            args = [memory_share, SLICE, store.max_bytes]
            answer = (await store.run("copy_stream", partition, args, keys)).decode()
        except StoreFull:
            return await _given_up(store, keys, Rewritten.NO_ROOM)
    return answer


async def _given_up(store: Store, keys: list[str], why: Rewritten) -> Rewritten:
    with translated():
        await store.client.unlink(keys[1])
    return why
