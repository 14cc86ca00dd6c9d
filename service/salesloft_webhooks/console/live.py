"""New entries of the stream, read once for everybody who looks, and only while somebody does."""

import asyncio
from collections.abc import AsyncGenerator

from salesloft_webhooks.background import run_until
from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.entries import tail
from salesloft_webhooks.broker.administration.stored_records import Entry
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.telemetry import get_logger

HELD = 200
"""Entries that wait for somebody who looks; whoever is slower misses some, and is told how many."""

log = get_logger(__name__)


class Viewer:
    """What waits for one who looks.

    Attributes:
        missed: How many they have missed since they were last told.
    """

    def __init__(self) -> None:
        self.missed = 0
        self._entries: asyncio.Queue[Entry] = asyncio.Queue(HELD)

    def offer(self, entry: Entry) -> None:
        """One more; the oldest gives way when there are too many."""
        if self._entries.full():
            self._entries.get_nowait()
            self.missed += 1
        self._entries.put_nowait(entry)

    async def next(self) -> Entry:
        """The next one, when there is one."""
        return await self._entries.get()


class Live:
    """The reader.

    Args:
        store: Where.
        poll_seconds: How long one blocking read may take.
    """

    def __init__(self, store: Store, poll_seconds: float) -> None:
        self._store, self._poll_seconds = store, poll_seconds
        self._viewers: set[Viewer] = set()
        self._somebody, self._nobody = asyncio.Event(), asyncio.Event()

    async def entries(self) -> AsyncGenerator[Entry]:
        """Every entry that is stored from now on, for one who looks, until they close it."""
        viewer = Viewer()
        self._viewers.add(viewer)
        self._somebody.set()
        self._nobody.clear()
        try:
            while True:
                yield await viewer.next()
        finally:
            self._viewers.discard(viewer)
            if not self._viewers:
                self._somebody.clear()
                self._nobody.set()

    async def read(self) -> None:
        """Read while somebody looks; returns when nobody does any more.

        Raises:
            StoreError: the store cannot be asked at the beginning.
        """
        await self._somebody.wait()
        await run_until(self._nobody, self._hand_out())

    async def _hand_out(self) -> None:
        async for entry in tail(self._store, last=0, poll_seconds=self._poll_seconds, on_error=_postponed):
            for viewer in self._viewers:
                viewer.offer(entry)


def _postponed(error: StoreError) -> None:
    log.debug("console.live_postponed", reason=str(error))
