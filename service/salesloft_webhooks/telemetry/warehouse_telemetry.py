"""What is reported about files that the group `warehouse` stores, and about when they were joined."""

from datetime import datetime

from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.metrics import CALL_SECONDS, WORKER, counter, gauge, histogram

FILES = counter(
    WORKER,
    "warehouse_files_total",
    "Parquet files stored; a file that was there already counts, too.",
    unshown="choosing `max_events` and `max_wait_seconds`: events by files is how full files are",
)
BYTES = counter(
    WORKER,
    "warehouse_bytes_total",
    "Bytes of these files.",
    unshown="what the storage will cost",
)
SECONDS = histogram(
    WORKER,
    "warehouse_write_duration_seconds",
    "Time until a file was stored.",
    buckets=CALL_SECONDS,
    unshown="telling slow storage from few events",
)
COMPACTED = gauge(
    WORKER,
    "warehouse_compacted_timestamp_seconds",
    "When the last complete compaction began; before the first one, when the oldest file was stored.",
    "group",
)
COMPACTION_BEGUN = gauge(
    WORKER,
    "warehouse_compaction_begun_timestamp_seconds",
    "When a compaction began last, whatever became of it.",
    "group",
)
COMPACTION_LIMIT = gauge(
    WORKER,
    "warehouse_compaction_limit_seconds",
    "After so long without a complete compaction there is an alert (`compaction_hours`).",
    "group",
)
DAMAGED = gauge(
    WORKER,
    "warehouse_damaged_files",
    "Files that the last compaction could not read: their folders are left as they were.",
    "group",
)


class WarehouseTelemetry:
    """One for each process will do; for the event loop's thread only."""

    def __init__(self) -> None:
        self._seconds = SECONDS.labels()

    def stored(self, size: int, seconds: float) -> None:
        """A file of ``size`` bytes was stored, within that time."""
        self._seconds.observe(seconds)
        FILES.inc()
        BYTES.inc(size)


class CompactionTelemetry:
    """What a worker sees of compactions, which others do.

    Args:
        group: The worker's.
        limit_seconds: How long there may be none that is complete.
    """

    def __init__(self, group: str, limit_seconds: float) -> None:
        self._log = get_logger("warehouse")
        self._group = group
        self._limit_seconds = limit_seconds

    def seen(self, *, compacted: datetime | None, begun: datetime | None, damaged: int) -> None:
        """The warehouse says so; what it does not say has no series, for zero would be a time, too."""
        COMPACTION_LIMIT.labels(self._group).set(self._limit_seconds)
        DAMAGED.labels(self._group).set(damaged)
        for metric, time in ((COMPACTED, compacted), (COMPACTION_BEGUN, begun)):
            if time is not None:
                metric.labels(self._group).set(time.timestamp())

    def unseen(self, error: Exception) -> None:
        """The storage does not let us look."""
        self._log.warning("warehouse.compaction_unseen", error=type(error).__name__)
