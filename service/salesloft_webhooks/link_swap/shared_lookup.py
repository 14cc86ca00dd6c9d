"""Asking DNS once for all who ask the same at the same time.

The system's resolver runs in a few threads that nothing can stop, and whatever else this process has to look up waits
for one of them: the store's name after a fail-over, for instance. A name server that hangs gets one and no more.
"""

from collections.abc import Sequence
from functools import partial

from salesloft_webhooks.background import Shared
from salesloft_webhooks.handlers.outbound.public_addresses import Address, Resolve, resolve


class SharedLookup:
    """Finds a host's addresses, as `Resolve` says.

    Args:
        resolve: Asks.
    """

    def __init__(self, resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._under_way = Shared[tuple[str, int], Sequence[Address]]()

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """The addresses; OSError if there are none."""
        return await self._under_way.result((host, port), partial(self._resolve, host, port))
