"""Tells, through the store, which keys this receiver accepts: nothing is signed with a new one before all have it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from types import TracebackType
from typing import Self

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Store, new_consumer_name
from salesloft_webhooks.broker.announced_keys import EVERY_SECONDS, AnnouncedKeys, Announcement
from salesloft_webhooks.dialects import DialectKeys, fingerprint
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.receiver.sources import Source

LOOK_SECONDS = 1.0
"""Between two looks at the keys: as often as their files are read again."""
LAST_WORDS_SECONDS = 1.0


class KeyAnnouncer:
    """Use as ``async with``, around the time in which deliveries are taken.

    It announces before the first delivery can come, every `EVERY_SECONDS`, and as soon as the keys are others. A store
    that is away is told when it is back: what it does not know of a receiver, whoever plans a rotation does not use.

    Args:
        store: The open store.
        sources: All of this receiver.
    """

    def __init__(self, store: Store, sources: Sequence[Source]) -> None:
        self._keys = AnnouncedKeys(store)
        self._sources = sources
        self._name = new_consumer_name()
        self._version = version("salesloft-webhooks")
        self._background = Background()
        self._said: Announcement | None = None
        self._said_at = 0.0

    async def __aenter__(self) -> Self:
        await self._look()
        self._background.repeat(self._look, name="key announcer", every_seconds=LOOK_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._background.__aexit__(kind, error, traceback)
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._keys.withdraw(self._name)

    async def _look(self) -> None:
        sources = {source.name: fingerprints(source.keys) for source in self._sources}
        announcement = Announcement(version=self._version, sources=sources)
        now = asyncio.get_running_loop().time()
        if announcement == self._said and now - self._said_at < EVERY_SECONDS:
            return
        with suppress(StoreError):  # the store watch says so
            await self._keys.announce(self._name, announcement)
            self._said, self._said_at = announcement, now


def fingerprints(keys: DialectKeys) -> tuple[str, ...]:
    """Of all keys of a source, in the order in which they are written."""
    return tuple(fingerprint(key) for kind in sorted(keys.kinds) for key in keys[kind])
