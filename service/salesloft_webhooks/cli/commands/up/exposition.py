"""Reads what the processes expose at /metrics, and keeps totals that outlive their restarts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from salesloft_webhooks.telemetry.scraping import samples

Series = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Totals:
    """Every series at one moment, summed over the processes."""

    at: float
    series: Mapping[Series, float]

    def total(self, name: str, **labels: str) -> float:
        """The sum of all series of a name that carry these labels."""
        wanted = frozenset(labels.items())
        return sum(value for (found, has), value in self.series.items() if found == name and wanted <= has)

    def by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """The sums by the values of one label, largest first."""
        wanted, sums = frozenset(labels.items()), dict[str, float]()
        for (found, has), value in self.series.items():
            if found == name and wanted <= has:
                key = dict(has).get(label, "")
                sums[key] = sums.get(key, 0.0) + value
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    def since(self, then: "Totals") -> "Totals":
        """What has been added between two moments, for rates and quantiles of the latest seconds."""
        added = {series: value - then.series.get(series, 0.0) for series, value in self.series.items()}
        return Totals(self.at - then.at, added)

    def quantile(self, share: float, histogram: str, **labels: str) -> float | None:
        """Seconds within which ``share`` of the observations lie; None without any.

        Within a bucket, observations are taken to lie evenly. Beyond the last limit, only that limit is known.
        """
        counts = self.by("le", f"{histogram}_bucket", **labels)
        buckets = sorted((float(limit), count) for limit, count in counts.items())
        if not buckets or not buckets[-1][1]:
            return None
        rank, lower, below = share * buckets[-1][1], 0.0, 0.0
        for limit, count in buckets:
            if count >= rank and count > below:
                return lower if math.isinf(limit) else lower + (limit - lower) * (rank - below) / (count - below)
            lower, below = limit, count
        return lower


class Meter:
    """Adds up the pages of several processes over time. A counter that falls means that its process was restarted."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, Series], float] = {}
        self._before: dict[tuple[str, Series], float] = {}

    def read(self, process: str, page: str) -> None:
        """Take in the page of a process.

        Raises:
            ValueError: it is not in Prometheus' text format.
        """
        for name, labels, value in samples(page):
            series = (name, frozenset(labels.items()))
            key = (process, series)
            last = self._last.get(key, 0.0)
            if value < last and series[0].endswith(("_total", "_bucket", "_sum", "_count")):
                self._before[key] = self._before.get(key, 0.0) + last
            self._last[key] = value

    def totals(self, at: float) -> Totals:
        """The sums so far; ``at`` is the time in seconds that rates are made with."""
        sums: dict[Series, float] = {}
        for key, value in self._last.items():
            sums[key[1]] = sums.get(key[1], 0.0) + value + self._before.get(key, 0.0)
        return Totals(at, sums)
