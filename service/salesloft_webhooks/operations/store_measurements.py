"""Measures groups and partitions every few seconds, in receivers and workers alike, and reports to telemetry."""

from types import TracebackType
from typing import Self

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.forecast import forecast
from salesloft_webhooks.broker.administration.stats import Stats, measure
from salesloft_webhooks.broker.representatives import partitions_by_server
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import ReceiverTelemetry, WorkerTelemetry, get_logger

log = get_logger(__name__)


class Measurements:
    """Keeps the figures of the store fresh in this process's metrics; use as ``async with``.

    Every process does it, because each other one may be the one that is missing: a group scaled to zero has its
    backlog from the receivers. One measurement is one script call per partition, whatever the backlog.

    Args:
        store: What to measure.
        telemetry: Where to report.
        every_seconds: Between two measurements.
        settings: How long things are kept, for forecasts; None: as the environment says.
    """

    def __init__(
        self,
        store: Store,
        telemetry: ReceiverTelemetry | WorkerTelemetry,
        every_seconds: float,
        settings: Settings | None = None,
    ) -> None:
        self._settings = settings or Settings.load()
        self._store = store
        self._telemetry = telemetry
        self._every_seconds = every_seconds
        self._groups: set[str] = set()
        self._background = Background()

    async def __aenter__(self) -> Self:
        every = self._every_seconds
        self._background.repeat(self._measure, name="measurements", every_seconds=every, failed=self._failed)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._background.__aexit__(kind, error, traceback)

    async def _measure(self) -> None:
        self._report(await measure(self._store))

    def _failed(self, error: Exception, _failures: int) -> float:
        """Go on, whatever it was: a measurement that dies would leave its last figures standing for ever."""
        if isinstance(error, StoreError):
            log.debug("measurement.postponed", reason=str(error))
        else:
            log.error("measurement.failed", exc_info=error)
        return self._every_seconds

    def _report(self, stats: Stats) -> None:
        for group in stats.groups:
            self._telemetry.group_measured(group)
        present = {group.group for group in stats.groups}
        for removed in self._groups - present:
            self._telemetry.group_removed(removed)
        self._groups = present
        for partition in stats.partitions:
            self._telemetry.partition_measured(partition)
        for server in partitions_by_server(self._store):
            # The store may have more by now than it had when it was asked: those are measured the next time.
            measured = [number for number in server if number < len(stats.partitions)]
            foreseen = forecast([stats.partitions[number] for number in measured], len(stats.groups), self._settings)
            for number in measured:
                self._telemetry.memory_foreseen(number, foreseen.needed_bytes)
