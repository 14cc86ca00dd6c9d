"""What a backfill in this process reports, and which alerts that sets off."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from prometheus_client import Metric

from salesloft_webhooks.telemetry.backfill_telemetry import KEPT_SINCE, LEADER, READ_UNTIL, STATE
from salesloft_webhooks.telemetry.metrics import BACKFILL
from tests.support.firing_alerts import assert_firing

STATES = ("following", "catching_up", "idle", "failing", "unauthorized", "forbidden", "unreliable", "too_old")


def metric(name: str, **labels: str) -> float:
    """The sum of a metric's series with these labels, in this process."""
    return sum(
        sample.value
        for family in BACKFILL.collect()
        for sample in family.samples
        if sample.name == f"salesloft_webhooks_{name}" and labels.items() <= sample.labels.items()
    )


def states(resource: str = "people") -> set[str]:
    """The state a resource is in."""
    return {name for name in STATES if metric("backfill_state", resource=resource, state=name)}


class Reported:
    """What is reported now, to be judged when the rest of a test has passed.

    Args:
        now: By the clock that its times are of.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._families: list[Metric] = list(BACKFILL.collect())

    def alerts(self, folder: Path, *expected: str) -> None:
        """Where it stays so, these alerts fire, and no other; ``folder`` is for a file."""
        names = {f"SalesloftWebhooks{name}" for name in expected}
        assert_firing("backfill", self._families, self._now.timestamp(), names, folder)


@contextmanager
def gone_with_its_process() -> Iterator[None]:
    """Afterwards nothing is left of what only the process says of itself, as when it ends."""
    try:
        yield
    finally:
        for gauge in (STATE, READ_UNTIL, KEPT_SINCE):
            gauge.clear()
        LEADER.set(0)
