"""Counters and gauges that cost an event next to nothing, for those that every event changes.

Those of the client make four calls and take a lock for each change. Here a change is one addition, because only one
thread makes it: that of the event loop, which also answers scrapes.
"""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from salesloft_webhooks.telemetry.labelled_series import LabelledSeries

Family = CounterMetricFamily | GaugeMetricFamily


class Number:
    """One time series; to be changed in the event loop's thread only."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self) -> None:
        """There was one more."""
        self.value += 1


class Tally(LabelledSeries[Number]):
    """A family of them, by label values; on the page as the client's own."""

    def __init__(
        self,
        name: str,
        documentation: str,
        label_names: Sequence[str],
        *,
        registry: CollectorRegistry,
        family: type[Family],
    ) -> None:
        self._family = family
        super().__init__(name, documentation, label_names, registry=registry)

    def _made(self) -> Number:
        return Number()

    def describe(self) -> Iterable[Family]:
        """Name and documentation: the registry asks for them."""
        return (self._family(*self._described, labels=self.label_names),)

    def collect(self) -> Iterator[Family]:
        """What the numbers are by now: the registry asks for it at each scrape."""
        family = self._family(*self._described, labels=self.label_names)
        for values, number in self._series.items():
            family.add_metric(values, number.value)
        yield family
