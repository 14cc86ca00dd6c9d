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
SEALED = 3
"""What a worker says that it reads when it can also decrypt bodies (`sealing`); everything else is as in format 2."""
QUIET_SECONDS = 600.0
"""How long everybody must have been able to read the new format before it is written."""
ASK_SECONDS = 10.0
"""How often a process asks while the old format is written."""


class Readers(StrEnum):
    """Who uses the store, as ``format_readers.lua`` tells of one partition."""

    UNUSED = "unused"
    """Nothing was ever stored, and nobody is there who does not read the new format."""
    READY = "ready"
    """Everybody seen reads the new format."""
    OLD = "old"
    """Somebody does not."""


class StoreFormat:
    """What one process writes.

    Args:
        store: Where.
        highest: Setting ``STORE_FORMAT``.
        newest: The format that is written once everybody reads it.
        key: Where it stands.
    """

    def __init__(self, store: Store, highest: int, *, newest: int = NEWEST, key: str = "") -> None:
        self._store = store
        self._highest = highest
        self._newest = newest
        self._key = key or store.keys.format
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
                await self.ask()
            except StoreError:
                if cancellation_requested():  # a client may turn its cancellation into an error of its own
                    raise
        return self._known

    async def ask(self) -> None:
        """Ask for the format to write now, unless it is the highest already.

        Raises:
            StoreError: nobody knows.
        """
        if self._known < self._highest:
            self._known = min(await self._agreed(), self._highest)

    async def _agreed(self) -> int:
        key = self._key
        with translated():
            written = await self._store.client.hget(key, "written")
        if written:
            return int(written)
        readers = await self._readers()
        return int(await self._store.run_on(key, "raise_format", [readers, self._newest, int(QUIET_SECONDS * 1_000)]))

    async def _readers(self) -> Readers:
        found = set()
        for partition in range(self._store.partitions):
            reply: bytes = await self._store.run(
                "format_readers", partition, [int(QUIET_SECONDS * 1_000), self._newest]
            )
            found.add(Readers(reply.decode()))
        if Readers.OLD in found:
            return Readers.OLD
        return Readers.READY if Readers.READY in found else Readers.UNUSED
