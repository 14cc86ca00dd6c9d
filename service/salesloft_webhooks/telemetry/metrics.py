"""Every metric there is, and the page that Prometheus scrapes.

``docs/metrics.md`` is generated from this file (``make docs``). A process exposes the registries of the roles it plays,
so that a worker does not claim, by a zero, to know something about deliveries.

Label values come from closed sets (`labels`) or from configuration (sources, groups, partitions), never from a sender.
"""

from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

NAMESPACE = "salesloft_webhooks"
disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series beside each counter, which nothing here would ever read

PROCESS = CollectorRegistry()
RECEIVER = CollectorRegistry()
WORKER = CollectorRegistry()
REGISTRIES = {"Every process": PROCESS, "Receiver": RECEIVER, "Worker": WORKER}

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_HANDLER = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_AGE = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 14_400, 86_400)
_BATCH = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def _counter(registry: CollectorRegistry, name: str, documentation: str, *labels: str) -> Counter:
    return Counter(name, documentation, labels, namespace=NAMESPACE, registry=registry)


def _gauge(registry: CollectorRegistry, name: str, documentation: str, *labels: str) -> Gauge:
    return Gauge(name, documentation, labels, namespace=NAMESPACE, registry=registry)


def _histogram(
    registry: CollectorRegistry, name: str, documentation: str, *labels: str, buckets: tuple[float, ...]
) -> Histogram:
    return Histogram(name, documentation, labels, namespace=NAMESPACE, registry=registry, buckets=buckets)


# -- Every process --------------------------------------------------------------------------------------------------
# What is said about groups and partitions belongs to the store: each process reports the same, so queries take `max`.
BUILD = Info("build", "The running version.", namespace=NAMESPACE, registry=PROCESS)
BUILD.info({"version": version("salesloft-webhooks")})
STORE_AVAILABLE = _gauge(
    PROCESS, "store_available", "1 while Redis takes what this process has to write, else 0.", "role"
)
GROUP_BACKLOG = _gauge(
    PROCESS,
    "group_backlog_entries",
    "True backlog of a group, for autoscaling: entries a worker could run now or is running (lag + due). Retries whose "
    "time has not come and entries parked behind their lane's head are not in it: more workers could not run them.",
    "group",
)
GROUP_LAG = _gauge(PROCESS, "group_lag_entries", "Entries the group has never taken.", "group")
GROUP_PENDING = _gauge(
    PROCESS,
    "group_pending_entries",
    "Entries taken and not settled: running, due, scheduled, parked or without a handler.",
    "group",
)
GROUP_DUE = _gauge(PROCESS, "group_due_entries", "Pending entries whose time has come: to be taken at once.", "group")
GROUP_SCHEDULED = _gauge(PROCESS, "group_scheduled_entries", "Entries that wait for a retry.", "group")
GROUP_PARKED = _gauge(PROCESS, "group_parked_entries", "Entries that wait behind the head of their lane.", "group")
GROUP_UNHANDLED = _gauge(
    PROCESS,
    "group_unhandled_entries",
    "Entries the group wants and none of its workers there has a handler for: they wait for one that has.",
    "group",
)
GROUP_DEAD = _gauge(PROCESS, "group_dead_letters", "Dead letters of the group that nobody has dealt with.", "group")
GROUP_OLDEST = _gauge(
    PROCESS, "group_oldest_age_seconds", "Age of the oldest event the group has not finished.", "group"
)
GROUP_PAUSED = _gauge(PROCESS, "group_paused", "1 while the group takes nothing, by hand or by a breaker.", "group")
STREAM_ENTRIES = _gauge(PROCESS, "stream_entries", "Entries in the stream, handled history included.", "partition")
QUARANTINED = _gauge(PROCESS, "quarantine_entries", "Signed but unreadable deliveries kept.", "partition")
MEMORY_USED = _gauge(PROCESS, "store_memory_used_bytes", "Memory in use of the partition's server.", "partition")
MEMORY_LIMIT = _gauge(
    PROCESS, "store_memory_limit_bytes", "The server's `maxmemory`; 0 means that it has none.", "partition"
)
GROUP_CONSUMERS = _gauge(PROCESS, "group_consumers", "Consumers of the group that the store knows.", "group")
GROUP_GAUGES = (
    GROUP_BACKLOG,
    GROUP_LAG,
    GROUP_PENDING,
    GROUP_SCHEDULED,
    GROUP_PARKED,
    GROUP_UNHANDLED,
    GROUP_DUE,
    GROUP_DEAD,
    GROUP_OLDEST,
    GROUP_CONSUMERS,
    GROUP_PAUSED,
)
ProcessCollector(registry=PROCESS)
PlatformCollector(registry=PROCESS)
GCCollector(registry=PROCESS)

# -- Receiver -------------------------------------------------------------------------------------------------------
DELIVERIES = _counter(RECEIVER, "deliveries", "Deliveries answered, by outcome.", "source", "outcome")
DELIVERY_SECONDS = _histogram(
    RECEIVER,
    "delivery_duration_seconds",
    "Time from the request's headers to the answer being ready.",
    "source",
    "outcome",
    buckets=_FAST,
)
SIGNATURE_FAILURES = _counter(
    RECEIVER, "signature_failures", "Deliveries refused with 401, by reason.", "source", "reason"
)
SIGNATURE_MATCHES = _counter(
    RECEIVER,
    "signature_matches",
    "Deliveries verified, by the position of the key that matched in its setting: 0 is the current key.",
    "source",
    "dialect",
    "key",
)
UNREADABLE = _counter(RECEIVER, "unreadable", "Signed deliveries answered with 400, by reason.", "source", "reason")
EVENTS_STORED = _counter(
    RECEIVER,
    "events_stored",
    "Deliveries stored for the first time, by the type of the event they carry.",
    "source",
    "event_type",
)
LAST_DELIVERY = _gauge(
    RECEIVER,
    "last_delivery_timestamp_seconds",
    "When this process last stored or recognised a delivery of the type (Unix time).",
    "source",
    "event_type",
)
PUBLISH_BATCH = _histogram(
    RECEIVER, "publish_batch_deliveries", "Deliveries that one group commit carried.", buckets=_BATCH
)
PUBLISH_SECONDS = _histogram(
    RECEIVER, "publish_duration_seconds", "Time of one group commit, durability included.", buckets=_FAST
)
DURABILITY_DEGRADED = _gauge(
    RECEIVER, "durability_degraded", "1 while the server's persistence is weaker than what a 200 promises, else 0."
)

# -- Worker ---------------------------------------------------------------------------------------------------------
ATTEMPTS = _counter(
    WORKER, "attempts", "Ended attempts: runs of a handler, by outcome.", "group", "event_type", "outcome"
)
ATTEMPT_ERRORS = _counter(
    WORKER,
    "attempt_errors",
    "Attempts that did not end well, by outcome and by what was raised: why events are retried and groups are paused.",
    "group",
    "outcome",
    "error",
)
ATTEMPT_SECONDS = _histogram(
    WORKER, "attempt_duration_seconds", "Run time of an attempt.", "group", "event_type", buckets=_HANDLER
)
EVENT_AGE = _histogram(
    WORKER,
    "event_age_seconds",
    "Age of an event, from being stored to being done: what a user waits, retries included.",
    "group",
    buckets=_AGE,
)
DEAD_LETTERS = _counter(
    WORKER, "dead_letters", "Events that a group gave up on, by reason.", "group", "event_type", "reason"
)
LEASES_LOST = _counter(
    WORKER, "leases_lost", "Attempts that outlived their lease, so that others took over.", "group", "event_type"
)
LOOP_BLOCKED = _counter(
    WORKER, "loop_blocked", "Times that a handler kept the event loop from running anything else.", "group"
)
IN_FLIGHT = _gauge(WORKER, "attempts_in_flight", "Attempts running in this process now.", "group")
ENTRIES_TAKEN = _counter(WORKER, "entries_taken", "Entries taken to be run.", "group")
ENTRIES_SKIPPED = _counter(
    WORKER, "entries_skipped", "Entries that needed no run: already done by the group, or not for it.", "group"
)
TAKE_SECONDS = _histogram(
    WORKER, "take_duration_seconds", "Time of one call that takes entries.", "group", buckets=_FAST
)
SETTLE_BATCH = _histogram(WORKER, "settle_batch_outcomes", "Attempts settled by one call.", "group", buckets=_BATCH)
SETTLE_SECONDS = _histogram(WORKER, "settle_duration_seconds", "Time of one call that settles.", "group", buckets=_FAST)

_exposed: dict[int, CollectorRegistry] = {id(PROCESS): PROCESS}


def expose(registry: CollectorRegistry) -> None:
    """Add the metrics of a role to the page of this process."""
    _exposed[id(registry)] = registry


def _pages() -> Iterator[bytes]:
    return (generate_latest(registry) for registry in _exposed.values())


def render_metrics() -> tuple[bytes, str]:
    """The metrics of this process in Prometheus' text format, and their content type.

    The old version of the format: it carries all we have, and every scraper understands it.
    """
    return b"".join(_pages()), CONTENT_TYPE_PLAIN_0_0_4
