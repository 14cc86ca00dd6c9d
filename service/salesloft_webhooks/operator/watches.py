"""Bells: what rings when something has changed, or may have.

A watch does nothing but ring. One that ends, fails or says nothing for five minutes begins anew, and rings: what has
happened meanwhile is unknown.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass, field
from typing import Protocol

from salesloft_webhooks.background import Background, cancel_and_wait, cancellation_requested
from salesloft_webhooks.errors import ClusterError, ClusterNotFound
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.telemetry import OperatorTelemetry, WatchEnd, get_logger

FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 1.0, 30.0

log = get_logger(__name__)


class Watched(Protocol):
    """What is needed of `Cluster` for bells."""

    def changes(self, kind: Kind, name: str | None = None, silence_seconds: float = ...) -> AsyncGenerator[str]:
        """See `Cluster.changes`."""


@dataclass(slots=True)
class Bell:
    """Rung by whoever sees that something has changed."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    everything: bool = True

    def ring(self, *, everything: bool) -> None:
        """Have everything listed; with ``everything``, have each object reconciled, too."""
        self.everything = self.everything or everything
        self.event.set()

    async def rung(self, seconds: float) -> None:
        """Wait for it, but no longer than that."""
        try:
            async with asyncio.timeout(seconds):
                await self.event.wait()
        except TimeoutError:
            return

    def heard(self) -> bool:
        """Whether each object is to be reconciled. From here on, what is rung belongs to the next look."""
        self.event.clear()
        everything, self.everything = self.everything, False
        return everything


class Watches:
    """The watches of one loop.

    Args:
        cluster: What is watched.
        kind: The objects that the loop is about.
        bell: What is rung.
        telemetry: Who is told.
        silence_seconds: How long a watch may say nothing.
    """

    def __init__(
        self, cluster: Watched, kind: Kind, bell: Bell, telemetry: OperatorTelemetry, silence_seconds: float
    ) -> None:
        self._cluster, self._kind, self._bell, self._telemetry = cluster, kind, bell, telemetry
        self._silence = silence_seconds
        self._watches: dict[str | None, asyncio.Task[None]] = {}

    async def on(self, background: Background, secrets: Collection[str] = ()) -> None:
        """Have a watch on our kind, and on each of these Secrets, and on no other."""
        wanted = {None, *secrets}
        await cancel_and_wait([self._watches.pop(name) for name in self._watches.keys() - wanted])
        for name in wanted - self._watches.keys():
            self._watches[name] = background.start(self._listen(name), name=f"watch {name or self._kind}")

    async def _listen(self, secret: str | None) -> None:
        """Ring for changes of our kind, or of a Secret."""
        kind, failures = self._kind if secret is None else Kind.SECRET, 0
        while True:
            why = WatchEnd.SILENT
            try:
                async for _ in self._cluster.changes(kind, secret, self._silence):
                    failures = 0
                    self._bell.ring(everything=secret is not None)
            except ClusterError as exc:
                if cancellation_requested():
                    raise asyncio.CancelledError from exc
                failures, why = failures + 1, WatchEnd.EXPIRED if isinstance(exc, ClusterNotFound) else WatchEnd.FAILED
                log.debug("operator.watch_ended", kind=kind, error=str(exc))
            self._telemetry.watch_restarted(kind, why)
            self._bell.ring(everything=True)
            await asyncio.sleep(backoff(failures))


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return min(FIRST_BACKOFF_SECONDS * 2.0 ** min(max(failures - 1, 0), 10), LONGEST_BACKOFF_SECONDS)
