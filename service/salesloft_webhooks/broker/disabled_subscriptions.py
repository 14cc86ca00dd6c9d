"""Which subscriptions SalesLoft has disabled, as they say who may ask it: the backfill and the operator.

Whoever looks says what it has found, and so that there is nothing any more; what nobody has said again for an hour is
forgotten. So those who tell people need no credentials of SalesLoft.
"""

from collections.abc import Iterable

import msgspec

from salesloft_webhooks.broker.connection.store import Store

BELIEVED_SECONDS = 3_600.0
MOST = 100
"""Subscriptions that one looker names; SalesLoft has some twenty event types."""


class DisabledSubscriptions:
    """Those of one installation.

    Args:
        store: The open store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def announce(self, looker: str, event_types: Iterable[str]) -> None:
        """Say that one has looked, and found those of these event types disabled.

        Raises:
            StoreError: the store cannot be told.
        """
        said = msgspec.json.encode(sorted(set(event_types))[:MOST])
        await self._store.run_on(self._store.keys.disabled_subscriptions, "receivers", ["announce", looker, said])

    async def found(self) -> frozenset[str]:
        """The event types of what is disabled, by SalesLoft's own names; what cannot be read is left out.

        Raises:
            StoreError: the store cannot be asked.
        """
        key = self._store.keys.disabled_subscriptions
        said: list[bytes] = await self._store.run_on(key, "announced", [int(BELIEVED_SECONDS * 1_000)])
        names: set[str] = set()
        for words in said[1::2]:
            try:
                names |= set(msgspec.json.decode(words, type=list[str]))
            except msgspec.MsgspecError:
                continue  # of a later version
        return frozenset(names)
