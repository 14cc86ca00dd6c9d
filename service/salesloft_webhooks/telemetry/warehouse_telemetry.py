"""What is reported about files that the group `warehouse` stores."""

from salesloft_webhooks.telemetry.metrics import CALL_SECONDS, WORKER, counter, histogram

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


class WarehouseTelemetry:
    """One for each process will do; for the event loop's thread only."""

    def __init__(self) -> None:
        self._seconds = SECONDS.labels()

    def stored(self, size: int, seconds: float) -> None:
        """A file of ``size`` bytes was stored, within that time."""
        self._seconds.observe(seconds)
        FILES.inc()
        BYTES.inc(size)
