"""Watching the store from the receiver: does it take deliveries, keep its promise, is there room by our own limits?

Each look also keeps the store within its limits (`MemoryBounds`), before it finds out whether that takes deliveries.

One look a second, whether deliveries come or not:

    ============  ==========================================================  =======================================
    state         entered when                                                left when
    ============  ==========================================================  =======================================
    fine          a look found nothing                                        a look finds a problem: `problem`
    failing       a look found a problem                                      a thorough look finds none
    unready       failing for ``READINESS_GRACE_SECONDS`` (at start: at       the same
                  once); then `unready` says so, too
    ============  ==========================================================  =======================================

A look is thorough (`probe`) while there is a problem, after a delivery could not be stored (`look_thoroughly`), and as
often as persistence is examined where a delivery has to be confirmed. So a refusal that only real deliveries meet is
seen within a second, one bad delivery makes nobody unready, and the way back needs no traffic.
"""

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from salesloft_webhooks.background import Background, cancellation_requested
from salesloft_webhooks.broker.backlog import slowest_backlog
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.durability import Durability, examine
from salesloft_webhooks.broker.memory_bounds import MemoryBounds, RoomObserver
from salesloft_webhooks.broker.partition_count import decide_partitions
from salesloft_webhooks.broker.representatives import representatives
from salesloft_webhooks.broker.write_probe import probe
from salesloft_webhooks.errors import ConfigurationError, StoreError
from salesloft_webhooks.settings import Settings

INTERVAL_SECONDS = 1.0
"""Between two looks; short against the probes' periods, so that readiness follows the truth."""
EXAMINE_SECONDS = 5.0
"""Between two looks at the server's persistence: a server that cannot write its disk refuses writes and answers reads,
so that only this look tells."""
FULL = "unfinished work fills what the store may use"
OVER_BACKLOG = "the backlog is over its limit"


class StoreObserver(RoomObserver, Protocol):
    """What the watch reports to; `telemetry.ReceiverTelemetry` is one."""

    def store_available(self) -> None:
        """The store takes deliveries."""

    def store_unavailable(self, reason: str) -> None:
        """It does not."""

    def durability_examined(self, faults: Sequence[str]) -> None:
        """In what the server keeps less than an operator would want, or than promised; empty: in nothing."""


class StoreWatch:
    """Looks at the store once a second in the background; use as ``async with``.

    Attributes:
        problem: Why nothing can be stored now, in one line; None: all is well. Starts as "not asked yet".
        full: Why nothing more is stored although the server would take it, in one line; None: there is room. Unfinished
            work fills ``STORE_MAX_BYTES``, or the slowest group has more waiting than ``BACKLOG_LIMIT``; the latter
            counts where a server has no limit of memory, or the setting was made.
        weaknesses: What an operator should know about the server's configuration.
    """

    def __init__(self, store: Store, settings: Settings, observer: StoreObserver) -> None:
        self._store = store
        self._settings = settings
        self._observer = observer
        self._bounds = MemoryBounds(store, settings, observer)
        self._background = Background()
        self._examined = -EXAMINE_SECONDS
        self._durability = Durability()
        self._failing_since = -settings.readiness_grace_seconds  # at start there is no grace
        self._look_thoroughly_next = self._failing = False
        self.problem: str | None = "the store has not been asked yet"
        self.full: str | None = None
        self._refused: ConfigurationError | None = None

    async def __aenter__(self) -> Self:
        await self._look()
        if self._refused is not None:
            raise self._refused
        self._background.start(self._run(), name="store watch")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._background.__aexit__(kind, error, traceback)

    @property
    def unready(self) -> str | None:
        """The problem, once it has lasted for ``READINESS_GRACE_SECONDS``."""
        lasted = time.monotonic() - self._failing_since
        return self.problem if lasted >= self._settings.readiness_grace_seconds else None

    def look_thoroughly(self) -> None:
        """A delivery could not be stored: the next look is to find out whether that is so for all."""
        self._look_thoroughly_next = True

    @property
    def weaknesses(self) -> tuple[str, ...]:
        """See the class."""
        return self._durability.weaknesses

    async def _run(self) -> None:
        while not cancellation_requested():
            await asyncio.sleep(INTERVAL_SECONDS)
            await self._look()

    async def _look(self) -> None:
        problem = await self._find_problem()
        if problem is None:
            self._observer.store_available()
        else:
            if self.problem is None:
                self._failing_since = time.monotonic()
            self._observer.store_unavailable(problem)
        self.problem, self._failing = problem, problem is not None

    async def _find_problem(self) -> str | None:
        try:
            async with asyncio.timeout(self._settings.store_timeout_seconds):
                thorough = await self._examine() or self._look_thoroughly_next or self._failing
                self._look_thoroughly_next = False
                self.full = await self._keep_within_bounds()
                return await self._try_writing(thorough=thorough) or self._durability.problem
        except ConfigurationError as exc:
            self._refused = exc
            return str(exc)
        except StoreError as exc:
            reason = str(exc)
        except TimeoutError:
            reason = "no answer in time"
        except Exception as exc:  # noqa: BLE001 - a watch that dies would leave the last verdict standing for ever
            reason = type(exc).__name__
        return f"the store cannot be used: {reason}"

    async def _examine(self) -> bool:
        """Look at the server's persistence if it is time; whether a thorough look is due as well."""
        if time.monotonic() - self._examined <= EXAMINE_SECONDS and self.problem is None:
            return False
        self._durability = await examine(self._store, self._settings)
        if self._durability.problem is None:  # else writing the number down would only fail, too
            await decide_partitions(self._store, self._settings.partitions)
        self._examined = time.monotonic()
        self._observer.durability_examined(self._durability.faults)
        return self._durability.wait is not None

    async def _keep_within_bounds(self) -> str | None:
        """Make room; why there is none, see `full`."""
        try:
            room = await self._bounds.keep()
        except StoreError:  # what is wrong is found out next, by trying to write; that there is room now, nobody knows
            bounded, full = False, self.full == FULL
        else:
            bounded = room.limit_bytes > 0 and "backlog_limit" not in self._settings.model_fields_set
            full = room.full
        if full:
            return FULL
        over = not bounded and await slowest_backlog(self._store) > self._settings.backlog_limit
        return OVER_BACKLOG if over else None

    async def _try_writing(self, *, thorough: bool) -> str | None:
        try:
            for partition in range(self._store.partitions):
                await probe(self._store, partition, self._durability, thorough=False)
            if thorough and self._durability.problem is None:  # what cannot be confirmed is not waited for
                chosen = representatives(self._store)
                await asyncio.gather(*(probe(self._store, n, self._durability, thorough=True) for n in chosen))
        except StoreError as exc:
            return f"nothing can be stored: {exc}"
        return None
