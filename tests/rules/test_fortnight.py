"""Silence is told where it means something: two simulated weeks with nights, a weekend and a change of the clocks."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.rules.promtool import needs_promtool, replay, used
from tests.support.rules_and_dashboards import rules

MINUTES = 30
HOUR = 60 // MINUTES
DAY = 24 * HOUR
WEEK = 7 * DAY
MONDAY = 4
"""Promtool's time begins on Thursday, 1970-01-01; days from there to the first Monday."""
CHANGE = 3 * WEEK + MONDAY * DAY
"""The clocks are changed before the fourth working week."""
OUTAGE = CHANGE + 2 * DAY + 10 * HOUR
"""Wednesday of that week, 10:00."""


@dataclass(frozen=True)
class Source:
    """Deliveries from Monday to Friday, eight to six.

    Attributes:
        a_day: How many on average.
        shift: Hours by which the working day begins later after the clocks were changed.
        breaks: Whether nothing arrives any more from `OUTAGE` on.
    """

    a_day: int
    shift: int = 0
    breaks: bool = False

    def counter(self) -> Iterator[int]:
        """What has been accepted until each step."""
        chance = random.Random(self.a_day)
        total = 0
        for step in range(5 * WEEK):
            local = step - self.shift * HOUR * (step >= CHANGE)
            at_work = (local // DAY - MONDAY) % 7 < 5 and 8 * HOUR <= local % DAY < 18 * HOUR
            if at_work and not (self.breaks and step >= OUTAGE):
                usual = self.a_day / 10 / HOUR
                total += max(0, round(chance.gauss(usual, usual**0.5)))
            yield total


SOURCES = {
    "busy": Source(600),
    "busier": Source(6000),
    "quiet": Source(30),
    "clocks-back": Source(600, shift=1),
    "clocks-forward": Source(600, shift=-1),
    "busy-broken": Source(600, breaks=True),
    "quiet-broken": Source(30, breaks=True),
}


def firing(at: str, expected: dict[str, str]) -> dict[str, object]:
    """A check that within the two weeks before a time exactly these sources, with these severities, were alerted."""
    expression = (
        "group by (source, severity) "
        '(count_over_time(ALERTS{alertname="SalesloftWebhooksDeliveriesAbsent",alertstate="firing"}[2w]))'
    )
    samples = [
        {"labels": f'{{source="{source}",severity="{severity}"}}', "value": 1}
        for source, severities in expected.items()
        for severity in severities.split()
    ]
    return {"expr": expression, "eval_time": at, "exp_samples": samples}


@needs_promtool
def test_only_an_outage_is_silence(tmp_path: Path) -> None:
    """In a fortnight, two hours' silence of a busy source is critical, a quiet one's day a warning, nothing else."""
    first_weekend = (
        'count_over_time(ALERTS{alertname="SalesloftWebhooksDeliveriesBelowUsual",alertstate="firing"}[4d])',
        "6d12h",
    )
    case = {
        "interval": f"{MINUTES}m",
        "input_series": [
            {
                "series": f'salesloft_webhooks_deliveries_total{{source="{name}",outcome="stored"}}',
                "values": " ".join(map(str, source.counter())),
            }
            for name, source in SOURCES.items()
        ],
        "promql_expr_test": [
            {"expr": first_weekend[0], "eval_time": first_weekend[1], "exp_samples": []},
            # The last delivery was counted at 9:30. An hour without is seen first at 10:30, whose window (9:30 to
            # 10:30) holds equal counts; when that has held for an hour, it is told: two hours after the last delivery.
            firing("27d11h", {}),
            firing("27d11h30m", {"busy-broken": "critical"}),
            firing("28d9h30m", {"busy-broken": "critical"}),
            firing("28d12h", {"busy-broken": "critical warning", "quiet-broken": "warning"}),
            firing("32d", {"busy-broken": "critical warning", "quiet-broken": "warning"}),
        ],
    }
    wanted = ("SalesloftWebhooksDeliveriesBelowUsual", "SalesloftWebhooksDeliveriesAbsent")

    replay(tmp_path, [used(alert, rules()) for alert in wanted], f"{MINUTES}m", [case])
