"""The PromQL that all dashboards write alike: our metrics, filtered by what is chosen at the top of the board."""

from dataclasses import dataclass

PREFIX = "salesloft_webhooks"
CHOSEN = 'cluster=~"$cluster",namespace=~"$namespace",release=~"$release"'
"""The release that is chosen at the top of a board. The chart fixes it for each release, so it is the last matcher."""

DELIVERIES = f"namespace_source_outcome:{PREFIX}_deliveries:rate5m"
ATTEMPTS = f"namespace_group_outcome:{PREFIX}_attempts:rate5m"
BACKLOG = f"namespace_group:{PREFIX}_group_backlog_entries:max"
OLDEST = f"namespace_group:{PREFIX}_group_oldest_age_seconds:max"
FAILED = f"namespace:{PREFIX}_deliveries_failed:ratio_rate5m"
P95 = f"namespace_group:{PREFIX}_attempt_duration_seconds:p95_10m"


@dataclass(frozen=True)
class Metrics:
    """Expressions over our metrics.

    Attributes:
        where: Further label matchers of everything that is asked for.
    """

    where: str = ""

    @property
    def matchers(self) -> str:
        """Label matchers of everything that is asked for."""
        return ",".join(filter(None, (self.where, CHOSEN)))

    def series(self, name: str, further: str = "") -> str:
        """A metric's time series; ``further``: matchers in front of the others, with a comma behind them."""
        return f"{PREFIX}_{name}{{{further}{self.matchers}}}"

    def recorded(self, name: str, further: str = "") -> str:
        """The time series of a recording rule, by its full name."""
        return f"{name}{{{further}{self.matchers}}}"

    def rate(self, name: str, further: str = "") -> str:
        """Increase per second of a counter."""
        return f"rate({self.series(name, further)}[$__rate_interval])"

    def most(self, name: str, by: str) -> str:
        """A gauge that every process reports alike."""
        return f"max by ({by}) ({self.series(name)})"

    def hourly(self, name: str, by: str) -> str:
        """Increase of a counter in the last hour."""
        return f"sum by ({by}) (increase({self.series(name)}[1h]))"

    def quantile(self, share: float, histogram: str, *by: str, further: str = "") -> str:
        """The value below which a share of the observations lies."""
        bucket = self.rate(f"{histogram}_bucket", further)
        return f"histogram_quantile({share:g}, sum by ({', '.join((*by, 'le'))}) ({bucket}))"

    def mean(self, histogram: str) -> str:
        """The mean of the observations."""
        return f"sum({self.rate(f'{histogram}_sum')}) / sum({self.rate(f'{histogram}_count')})"
