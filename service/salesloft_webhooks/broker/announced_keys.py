"""Which keys each receiver accepts, told by fingerprints: what a rotation waits for.

    ============  =====================================================  ==========================================
    a receiver    is                                                     whoever plans
    ============  =====================================================  ==========================================
    announced     renewed every `EVERY_SECONDS`, and when its keys are   waits until all of these have a key before
                  others                                                 anything is signed with it
    silent        not heard of for `BELIEVED_SECONDS`: dead, or without  does not wait for it
                  the store
    withdrawn     gone: it has stopped in order                          knows nothing of it
    ============  =====================================================  ==========================================

The store counts the time, so that no receiver needs a right clock. It holds no key: a fingerprint is 48 bits of an HMAC
of a fixed text.
"""

from contextlib import suppress

import msgspec

from salesloft_webhooks.broker.connection.store import Argument, Store

EVERY_SECONDS = 10.0
BELIEVED_SECONDS = 30.0
"""Two announcements may be lost."""


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What one receiver says.

    Attributes:
        version: Of the package.
        sources: The fingerprints of each source's keys; the first is the one to be used.
    """

    version: str
    sources: dict[str, tuple[str, ...]]


class AnnouncedKeys:
    """The receivers of one installation.

    Args:
        store: The open store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def announce(self, receiver: str, announcement: Announcement) -> None:
        """Say that this receiver accepts these keys, from now on.

        Raises:
            StoreError: the store cannot be told.
        """
        await self._run("announce", receiver, msgspec.json.encode(announcement))

    async def withdraw(self, receiver: str) -> None:
        """Say that this receiver takes no more deliveries.

        Raises:
            StoreError: the store cannot be told.
        """
        await self._run("withdraw", receiver)

    async def of_source(self, source: str) -> dict[str, frozenset[str]]:
        """The fingerprints that each live receiver accepts for a source, by the receiver's name.

        A receiver that does not serve the source, or whose words cannot be read, is left out.

        Raises:
            StoreError: the store cannot be asked.
        """
        return {
            name: frozenset(announcement.sources[source])
            for name, announcement in (await self.all()).items()
            if source in announcement.sources
        }

    async def all(self) -> dict[str, Announcement]:
        """What each live receiver said last, by its name; one whose words cannot be read is left out.

        Raises:
            StoreError: the store cannot be asked.
        """
        said: list[bytes] = await self._store.run_on(
            self._store.keys.receivers, "announced", [int(BELIEVED_SECONDS * 1000)]
        )
        found: dict[str, Announcement] = {}
        for name, words in zip(said[::2], said[1::2], strict=True):
            with suppress(msgspec.MsgspecError):  # of a later version
                found[name.decode()] = msgspec.json.decode(words, type=Announcement)
        return found

    async def _run(self, verb: str, *args: Argument) -> None:
        await self._store.run_on(self._store.keys.receivers, "receivers", [verb, *args])
