"""How metrics are defined, and the page that Prometheus scrapes.

Each metric is defined in the module that observes it (``*_telemetry.py``, ``*_span.py``), so that a new one is a matter
of that file; ``docs/metrics.md`` is generated from the definitions (``make docs``). A process exposes the registries of
the roles it plays, so that a worker does not claim, by a zero, to know something about deliveries.

Label values come from closed sets (`labels`) or from configuration (sources, groups, partitions), never from a sender.
"""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from salesloft_webhooks.telemetry.histogram import Histogram
from salesloft_webhooks.telemetry.tally import Tally

NAMESPACE = "salesloft_webhooks"
disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series beside each counter, which nothing here would ever read

PROCESS = CollectorRegistry()
RECEIVER = CollectorRegistry()
WORKER = CollectorRegistry()
SALESLOFT = CollectorRegistry()
BACKFILL = CollectorRegistry()
LINK_SWAP = CollectorRegistry()
OPERATOR = CollectorRegistry()
CONSOLE = CollectorRegistry()
REGISTRIES = {
    "Every process": PROCESS,
    "Receiver": RECEIVER,
    "Receiver that answers link swaps": LINK_SWAP,
    "Worker": WORKER,
    "Whatever asks SalesLoft's API": SALESLOFT,
    "Backfill": BACKFILL,
    "Operator": OPERATOR,
    "Console": CONSOLE,
}

CALL_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Buckets for calls to the store and for answers."""
HANDLER_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
AGE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 14_400, 86_400)
BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)

Definition = MetricWrapperBase | Histogram | Tally
UNSHOWN: dict[Definition, str] = {}
"""What the metrics are for that no panel and no rule shows; each other one has to be in one."""

Key = TypeVar("Key")
Children = TypeVar("Children")


def counter(registry: CollectorRegistry, name: str, documentation: str, *labels: str, unshown: str = "") -> Counter:
    """Define a counter; ``unshown``: what it is for, if no panel and no rule shows it."""
    return _defined(Counter(name, documentation, labels, namespace=NAMESPACE, registry=registry), unshown)


def gauge(registry: CollectorRegistry, name: str, documentation: str, *labels: str, unshown: str = "") -> Gauge:
    """Define a gauge; ``unshown``: what it is for, if no panel and no rule shows it."""
    return _defined(Gauge(name, documentation, labels, namespace=NAMESPACE, registry=registry), unshown)


def counter_of_events(registry: CollectorRegistry, name: str, documentation: str, *labels: str) -> Tally:
    """Define a counter that every event changes, in the event loop's thread only."""
    return Tally(f"{NAMESPACE}_{name}", documentation, labels, registry=registry, family=CounterMetricFamily)


def gauge_of_events(registry: CollectorRegistry, name: str, documentation: str, *labels: str) -> Tally:
    """Define a gauge that every event changes, in the event loop's thread only."""
    return Tally(f"{NAMESPACE}_{name}", documentation, labels, registry=registry, family=GaugeMetricFamily)


def histogram(
    registry: CollectorRegistry,
    name: str,
    documentation: str,
    *labels: str,
    buckets: tuple[float, ...],
    unshown: str = "",
) -> Histogram:
    """Define a histogram; ``unshown``: what it is for, if no panel and no rule shows it."""
    defined = Histogram(f"{NAMESPACE}_{name}", documentation, labels, registry=registry, buckets=buckets)
    return _defined(defined, unshown)


Metric = TypeVar("Metric", bound=Definition)


def _defined(metric: Metric, unshown: str) -> Metric:
    if unshown:
        UNSHOWN[metric] = unshown
    return metric


class Cache(dict[Key, Children]):
    """Metrics with their label values, made at first use: resolving labels is too slow for the hot path."""

    def __init__(self, make: Callable[[Key], Children]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Key) -> Children:
        """Make those of a key that is new; keys come from closed sets."""
        made = self[key] = self._make(key)
        return made


BUILD = _defined(
    Info("build", "The running version.", namespace=NAMESPACE, registry=PROCESS), "joining versions to other metrics"
)
BUILD.info({"version": version("salesloft-webhooks")})
ProcessCollector(registry=PROCESS)
PlatformCollector(registry=PROCESS)
GCCollector(registry=PROCESS)

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
