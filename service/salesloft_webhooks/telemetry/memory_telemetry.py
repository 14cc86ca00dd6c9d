"""What every role reports about memory: how full partitions and servers are, what had to go, what will be needed."""

from collections.abc import Callable
from typing import Protocol

from prometheus_client import Gauge

from salesloft_webhooks.telemetry.logs import Logger
from salesloft_webhooks.telemetry.metrics import PROCESS, counter, gauge
from salesloft_webhooks.telemetry.throttle import Throttle


class PartitionFigures(Protocol):
    """How a partition and its server stand; the store's measurement has these."""

    @property
    def partition(self) -> int:
        """Its number."""

    @property
    def entries(self) -> int:
        """Length of its stream."""

    @property
    def quarantined(self) -> int:
        """Deliveries in its quarantine."""

    @property
    def memory_used_bytes(self) -> int:
        """Of its server."""

    @property
    def memory_limit_bytes(self) -> int:
        """Of its server; 0 when there is none."""

    @property
    def stream_bytes(self) -> int:
        """Of its stream, about."""

    @property
    def history_seconds(self) -> float:
        """Age of the oldest entry."""


HISTORY_SHORTENED = counter(
    PROCESS,
    "history_shortened_entries_total",
    "Handled events that this process removed before the retention was over, because Redis has too little memory.",
)
RECORDS_FORGOTTEN = counter(
    PROCESS,
    "records_forgotten_total",
    "Idempotency records that this process removed before their time, because Redis has too little memory: a repeat of "
    "such an event would be handled again.",
)


def _of_partition(
    name: str, documentation: str, figure: Callable[[PartitionFigures], float], *, unshown: str = ""
) -> tuple[Gauge, Callable[[PartitionFigures], float]]:
    return gauge(PROCESS, name, documentation, "partition", unshown=unshown), figure


PARTITION_GAUGES = (
    _of_partition(
        "stream_entries", "Entries in the stream, handled history included.", lambda partition: partition.entries
    ),
    _of_partition(
        "quarantine_entries", "Signed but unreadable deliveries kept.", lambda partition: partition.quarantined
    ),
    _of_partition(
        "store_memory_used_bytes",
        "Memory in use of the partition's server.",
        lambda partition: partition.memory_used_bytes,
    ),
    _of_partition(
        "store_memory_limit_bytes",
        "What the server may use: the least of its `maxmemory` and `STORE_MAX_BYTES`; 0 means that there is no limit.",
        lambda partition: partition.memory_limit_bytes,
    ),
    _of_partition(
        "stream_bytes",
        "Memory of the stream, handled history included; about.",
        lambda partition: partition.stream_bytes,
    ),
    _of_partition(
        "history_seconds", "Age of the oldest entry in the stream.", lambda partition: partition.history_seconds
    ),
)
MEMORY_FORESEEN = gauge(
    PROCESS,
    "store_memory_foreseen_bytes",
    "What history and idempotency records of the partition's server come to at the rate there was, when they have the "
    "age that is configured; 0 while too little is known.",
    "partition",
)


class MemoryTelemetry:
    """The verbs about memory; a part of `StoreTelemetry`."""

    def __init__(self, log: Logger) -> None:
        self.log = log
        self._room_throttle = Throttle()

    def room_made(self, *, entries: int, records: int) -> None:
        """History, or records of events, had to go before their time because there is too little memory."""
        HISTORY_SHORTENED.inc(entries)
        RECORDS_FORGOTTEN.inc(records)
        if entries and (left_out := self._room_throttle.suppressed("entries")) is not None:
            self.log.warning("history.shortened", entries=entries, left_out=left_out)
        if records and (left_out := self._room_throttle.suppressed("records")) is not None:
            self.log.error("records.forgotten", records=records, left_out=left_out)

    def memory_foreseen(self, partition: int, needed_bytes: int) -> None:
        """What a partition's server will need."""
        MEMORY_FORESEEN.labels(str(partition)).set(needed_bytes)

    def partition_measured(self, figures: PartitionFigures) -> None:
        """How a partition and its server stand."""
        for metric, figure in PARTITION_GAUGES:
            metric.labels(str(figures.partition)).set(figure(figures))
