"""Whether bodies are sealed now: only when everybody who takes events can open them.

A worker of an earlier version, or one without the key file, would give up what it cannot read. So a worker that has the
file says that it reads format `SEALED`, and receivers that have it seal when every worker seen in the last ten minutes
has said so, and that has been so for ten minutes (`store_format`); at once where nothing was ever stored. From then on
everything is sealed, also by a process that has just started: it asks before it stores anything. Decision 74.
"""

import time

from salesloft_webhooks.broker.body_encryption import BodyKeys
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.store_format import ASK_SECONDS, NEWEST, SEALED, StoreFormat


class Sealing:
    """What one process does with the bodies that it stores.

    Args:
        store: Where.
        keys: What seals them.
        store_format: What it writes besides: bodies are sealed in the newest format only.
    """

    def __init__(self, store: Store, keys: BodyKeys, store_format: StoreFormat) -> None:
        self._keys = keys
        self._format = store_format
        self._readers = StoreFormat(store, SEALED, newest=SEALED, key=store.keys.encryption)
        self._asked: float | None = None

    @property
    def certain(self) -> bool:
        """Whether the store was asked lately enough."""
        if self.keys is not None:
            return True
        return self._asked is not None and time.monotonic() - self._asked <= ASK_SECONDS

    @property
    def keys(self) -> BodyKeys | None:
        """What seals the next body; None: it stays plain, because somebody could not open it."""
        return self._keys if self._readers.known == SEALED and self._format.known >= NEWEST else None

    async def ask(self) -> None:
        """Become `certain`.

        Raises:
            StoreError: the store cannot be asked, so nothing may be stored yet.
        """
        await self._format.ask()
        await self._readers.ask()
        self._asked = time.monotonic()
