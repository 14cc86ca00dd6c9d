"""Whether the store answers, and its clock: asked every two seconds, so that every page can say so at once."""

import time
from collections.abc import Callable

from salesloft_webhooks.background import LeftBehind
from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.server_clock import server_ms
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.telemetry import ConsoleTelemetry, get_logger

EVERY_SECONDS = 2.0
PATIENCE_SECONDS = 1.0
"""A store that takes longer to tell the time is called slow."""

log = get_logger(__name__)


class StoreState:
    """What is known of the store.

    Attributes:
        problem: Why nothing can be had of it at the moment, in a few words; empty: all is well.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._telemetry = ConsoleTelemetry()
        self.problem = ""
        self._store, self._clock = store, clock
        self._since, self._ahead_seconds = clock(), 0.0
        self._running = LeftBehind()

    def now(self) -> float:
        """Unix time by the store's clock; by ours, until it was asked."""
        return self._clock() + self._ahead_seconds

    @property
    def seconds(self) -> float:
        """For how long it has been so."""
        return max(0.0, self._clock() - self._since)

    async def look(self) -> None:
        """Ask it. Raises nothing."""
        began = self._clock()
        try:
            ms = await self._running.result(server_ms(self._store), PATIENCE_SECONDS)
        except TimeoutError:
            self._found(f"it has not answered for {PATIENCE_SECONDS:g} s")
        except StoreError as exc:
            self._found(str(exc))
        else:
            self._ahead_seconds = ms / 1_000 - (began + self._clock()) / 2
            self._found("")

    def _found(self, problem: str) -> None:
        self._telemetry.store_seen(up=not problem)
        if bool(problem) != bool(self.problem):
            self._since = self._clock()
            if problem:
                log.warning("console.store_unavailable", reason=problem)
            else:
                log.info("console.store_available")
        self.problem = problem
