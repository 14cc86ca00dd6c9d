"""The format of what is stored, which is raised only when everybody who is there can read it.

Format 1 is what version 0.1.0 writes and reads. Format 2 has compact idempotency records and entries that refer to the
body of another one, which a process of 0.1.0 would misread. Our processes read both, always. Which one receivers write
stands in the store: format 2 at once where nothing was ever stored; else when every worker that was there in the last
ten minutes has said that it reads it, and that has been so for ten minutes. ``STORE_FORMAT=1`` holds it back for those
who want to be able to roll back: what format 2 has written, 0.1.0 cannot read. Decision 38.

A receiver of 0.1.0 says nothing when it is idle; while it stores anything, that is seen (``format_readers.lua``).
"""

import time
from enum import StrEnum

from salesloft_webhooks.background import cancellation_requested
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.errors import StoreError

OLDEST, NEWEST = 1, 2
QUIET_SECONDS = 600.0
"""How long everybody must have been able to read the new format before it is written."""
ASK_SECONDS = 10.0
"""How often a process asks while the old format is written."""


class Readers(StrEnum):
    """Who uses the store, as ``format_readers.lua`` tells of one partition."""

    UNUSED = "unused"
    """Nothing was ever stored, and nobody is there who reads format 1 only."""
    READY = "ready"
    """Everybody seen reads format 2."""
    OLD = "old"
    """Somebody reads format 1 only."""


class StoreFormat:
    """What one process writes.

    Args:
        store: Where.
        highest: Setting ``STORE_FORMAT``.
    """

    def __init__(self, store: Store, highest: int) -> None:
        self._store = store
        self._highest = highest
        self._known = OLDEST
        self._asked: float | None = None

    @property
    def known(self) -> int:
        """What was written last; what is written next is no older."""
        return self._known

    async def current(self) -> int:
        """The format to write now; the one known so far when the store cannot be asked."""
        if self._known < self._highest and (self._asked is None or time.monotonic() - self._asked > ASK_SECONDS):
            self._asked = time.monotonic()
            try:
                self._known = min(await self._agreed(), self._highest)
            except StoreError:
                if cancellation_requested():  # a client may turn its cancellation into an error of its own
                    raise
        return self._known

    async def _agreed(self) -> int:
        key = self._store.keys.format
        with translated():
            written = await self._store.client.hget(key, "written")
        if written:
            return int(written)
        readers = await self._readers()
        return int(await self._store.run_on(key, "raise_format", [readers, NEWEST, int(QUIET_SECONDS * 1_000)]))

    async def _readers(self) -> Readers:
        found = set()
        for partition in range(self._store.partitions):
            reply: bytes = await self._store.run("format_readers", partition, [int(QUIET_SECONDS * 1_000)])
            found.add(Readers(reply.decode()))
        if Readers.OLD in found:
            return Readers.OLD
        return Readers.READY if Readers.READY in found else Readers.UNUSED
