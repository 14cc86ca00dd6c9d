"""What every worker does on the side, every few seconds: register again, trim, audit, make room, retire the silent."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from salesloft_webhooks.background import repeat
from salesloft_webhooks.broker import Group, MemoryBounds, Store, audit, trim
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry, get_logger
from salesloft_webhooks.worker.served_partitions import ServedPartitions

SELDOM_ROUNDS = 6
"""Whoever was silent for an hour is looked for that seldom, and what describes the group to people is written again."""

log = get_logger(__name__)


class Maintenance:
    """Safe to run in any number of workers at once: each step is one atomic script."""

    def __init__(
        self,
        store: Store,
        group: Group,
        served: ServedPartitions,
        telemetry: WorkerTelemetry,
        follow_up_due: Callable[[int, float], None],
    ) -> None:
        self._store = store
        self._served = served
        self._telemetry = telemetry
        self._group = group
        self._follow_up_due = follow_up_due
        self._settings: Settings = served.settings
        self._bounds = MemoryBounds(store, served.settings, telemetry)
        self._rounds = 0
        self._cursors: defaultdict[int, str] = defaultdict(lambda: "-")

    async def run(self) -> None:
        """Maintain until cancelled."""
        await repeat(self._round, every_seconds=self._settings.upkeep_seconds, failed=self._postponed)

    def _postponed(self, error: Exception, _failures: int) -> float:
        if isinstance(error, StoreError):
            log.info("housekeeping.postponed", reason=str(error))
        else:  # maintenance must not end with one bad reply; the workers go on without it meanwhile
            log.error("housekeeping.failed", exc_info=error)
        return self._settings.upkeep_seconds

    async def _round(self) -> None:
        # Again and again: the heartbeat of our version of the group although all slots may be full, and what was
        # refused by a server that was full, or is gone with its data, stands there again.
        seldom = self._rounds % SELDOM_ROUNDS == 0
        unhandled, follow_ups = await self._group.beat()
        # A limit that is heard of counts what runs already, also where all slots are full.
        with suppress(StoreError):  # nothing else waits for the place of the permits
            for loop in self._served.loops:
                await loop.permits.state_what_runs()
        for partition in self._served.maintained():
            if partition in follow_ups:
                self._follow_up_due(partition, follow_ups[partition])
            cursor = self._cursors[partition]
            removed = await trim(self._store, partition, self._settings.retention_seconds)
            name, lease = self._group.options.name, self._group.options.lease_seconds
            self._cursors[partition], repaired = await audit(self._store, partition, name, cursor, lease)
            if partition in unhandled:
                self._telemetry.unhandled_expired(await self._group.expire_unhandled(partition))
            if removed:
                log.info("stream.trimmed", partition=partition, entries=removed)
            if repaired:
                log.warning("group.repaired", group=name, partition=partition, entries=repaired)
        await self._bounds.keep()
        if seldom:
            await self._group.register(refresh=True)
            await self._group.retire()
        self._rounds += 1
