"""A worker looks at when the warehouse was compacted last, and reports it: others do that, and may have stopped."""

import asyncio
from datetime import datetime

from salesloft_webhooks.handlers.builtin.warehouse.compaction_record import (
    CompactionRecord,
    compacted_at,
    oldest_stored,
)
from salesloft_webhooks.handlers.builtin.warehouse.daemon_threads import DaemonThreads
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from salesloft_webhooks.telemetry import CompactionTelemetry

LOOK_SECONDS = 60.0
"""One small object is read so often by each worker. Who waits for hours loses nothing by a minute."""
AFTER_FAILURE_SECONDS = 300.0


class CompactionWatch:
    """To be asked again and again.

    Args:
        storage: The warehouse.
        telemetry: Where to report.
        timeout_seconds: How long a look may take.
    """

    def __init__(self, storage: Storage, telemetry: CompactionTelemetry, timeout_seconds: float) -> None:
        self._storage = storage
        self._telemetry = telemetry
        self._timeout_seconds = timeout_seconds
        self._threads = DaemonThreads(1)
        self._oldest: datetime | None = None

    async def look(self) -> None:
        """Report what the warehouse says now.

        Raises:
            Unavailable: the storage does not do what is asked.
            TimeoutError: or not in time.
        """
        async with asyncio.timeout(self._timeout_seconds):
            record, compacted = await self._threads.run(self._look)
        begun, damaged = (record.begun, record.damaged) if record is not None else (None, 0)
        self._telemetry.seen(compacted=compacted, begun=begun, damaged=damaged)

    def _look(self) -> tuple[CompactionRecord | None, datetime | None]:
        record = CompactionRecord.read(self._storage)
        compacted = compacted_at(self._storage, record)
        if compacted is None:
            # Until the first complete one everything waits. Listed once: no older file comes.
            self._oldest = self._oldest or oldest_stored(self._storage)
        return record, compacted or self._oldest

    def later(self, error: Exception, failures: int) -> float:
        """Seconds until the next look after one that failed, so many in a row; what was reported stays until then."""
        if failures == 1:
            self._telemetry.unseen(error)
        return AFTER_FAILURE_SECONDS
