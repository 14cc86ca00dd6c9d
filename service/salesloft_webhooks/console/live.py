"""New entries of the stream, read once for everybody who looks, and only while somebody does."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.newest_entries import NewestEntries
from salesloft_webhooks.broker.administration.stored_records import Entry

HELD = 200
"""Entries that wait for one who looks; whoever is slower misses the oldest of them."""
EVERY_SECONDS = 0.5


class Live:
    """The reader.

    Args:
        store: Where.

    Attributes:
        cut: Whether more comes than is read here: then the newest are shown, and not all.
    """

    def __init__(self, store: Store) -> None:
        self.cut = False
        self._store = store
        self._viewers: set[asyncio.Queue[Entry]] = set()
        self._somebody = asyncio.Event()

    async def entries(self) -> AsyncGenerator[Entry]:
        """What is stored from now on, for one who looks, until they close it."""
        with self.following() as coming:
            while True:
                yield await coming.get()

    @contextmanager
    def following(self) -> Iterator[asyncio.Queue[Entry]]:
        """The same as a queue, which fills from the first moment on, also while its reader does something else."""
        viewer: asyncio.Queue[Entry] = asyncio.Queue(HELD)
        self._viewers.add(viewer)
        self._somebody.set()
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    async def read(self) -> None:
        """Read while somebody looks; returns when nobody does any more.

        Raises:
            StoreError: the store cannot be asked. Call it again: what comes until then is not shown.
        """
        await self._somebody.wait()
        newest = NewestEntries(self._store)
        while self._viewers:
            found = await newest.look()
            self.cut = found.cut
            for entry in found.entries:
                for viewer in self._viewers:
                    _offer(viewer, entry)
            await asyncio.sleep(EVERY_SECONDS)
        self._somebody.clear()


def _offer(viewer: asyncio.Queue[Entry], entry: Entry) -> None:
    if viewer.full():
        viewer.get_nowait()
    viewer.put_nowait(entry)
