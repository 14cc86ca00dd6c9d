"""Asking DNS once for all who ask the same at the same time.

The system's resolver runs in a few threads that nothing can stop, and whatever else this process has to look up waits
for one of them: the store's name after a fail-over, for instance. A name server that hangs gets one and no more.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from salesloft_webhooks.handlers.outbound.public_addresses import Address, Resolve, resolve


class SharedLookup:
    """Finds a host's addresses, as `Resolve` says.

    Args:
        resolve: Asks. Who waits for it may be cancelled, it is not: the next who asks waits for the same.
    """

    def __init__(self, resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._under_way: dict[tuple[str, int], asyncio.Future[Sequence[Address]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """The addresses; OSError if there are none."""
        asked = (host, port)
        if (found := self._under_way.get(asked)) is None:
            found = self._under_way[asked] = asyncio.ensure_future(self._resolve(host, port))
            found.add_done_callback(partial(self._ended, asked))
        return await asyncio.shield(found)

    def _ended(self, asked: tuple[str, int], found: "asyncio.Future[Sequence[Address]]") -> None:
        del self._under_way[asked]
        if not found.cancelled():
            found.exception()  # looked at, else asyncio reports it as never retrieved where nobody waits any more
