"""Which alerts an on-call person would see: the chart's rules, by a real Prometheus that scrapes the roles."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.live import Live
from tests.support.prometheus_processes import PROMETHEUS, Prometheus, get
from tests.support.rules_and_dashboards import alerts

SPAN = "ALERTS[{seconds}s]"


class SeenAlerts:
    """What a Prometheus has found."""

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus
        self._waits: dict[str, str] = {}
        for rule in alerts():
            self._waits.setdefault(rule["alert"], rule.get("for", "0s"))

    def since(self, begin: float) -> list[tuple[str, float, str]]:
        """Alerts whose condition came true after this time of Unix: name, after how many seconds, and the rule's `for`.

        Those whose condition was true already are left out.
        """
        now = get(f"{self._prometheus.url}/api/v1/query?query=time()")["data"]["result"][0]
        series = self._prometheus.query(SPAN.format(seconds=int(now - begin) + 10))
        firsts: dict[str, float] = {}
        for each in series:
            name, first = each["metric"]["alertname"], float(each["values"][0][0])
            firsts[name] = min(first, firsts.get(name, first))
        found = [(name, round(first - begin, 1), self._waits[name]) for name, first in firsts.items() if first > begin]
        return sorted(found, key=lambda each: each[1])


@contextmanager
def watching(live: Live, folder: Path) -> Iterator[SeenAlerts | None]:
    """A Prometheus beside the pipeline; None where it is not installed."""
    if PROMETHEUS is None:
        yield None
        return
    ports = [role.ops_port for role in live.roles]
    with Prometheus(folder / "prometheus", targets={"salesloft-webhooks": ports}, interval="1s") as prometheus:
        yield SeenAlerts(prometheus)
