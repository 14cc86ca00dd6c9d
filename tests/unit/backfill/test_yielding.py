"""Live events go first: when the backfill waits, and how fast it publishes."""

from dataclasses import dataclass, field

import pytest

from salesloft_webhooks.backfill import yielding as module
from salesloft_webhooks.backfill.yielding import Yielding
from salesloft_webhooks.broker.administration.stats import GroupStats, PartitionStats, Stats
from salesloft_webhooks.broker.administration.stored_pause import Pause
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import BackfillTelemetry
from tests.unit.salesloft.conftest import Waits

NOTHING: object = None


@dataclass
class Pipeline:
    """What is found at each look, the last of it for ever."""

    looks: list[Stats]
    waits: Waits = field(default_factory=Waits)

    async def measure(self, _store: object) -> Stats:
        """The next look."""
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def yielding(self, monkeypatch: pytest.MonkeyPatch, **settings: object) -> Yielding:
        """What is tested."""
        monkeypatch.setattr(module, "measure", self.measure)
        chosen = Settings.load(**settings)
        telemetry = BackfillTelemetry(())
        return Yielding(NOTHING, chosen, telemetry, sleep=self.waits.sleep, clock=self.waits.clock)  # type: ignore[arg-type]


def busy(lag: int = 0, *, pause: Pause = Pause.NONE, used: int = 0, limit: int = 0) -> Stats:
    """A group with so much to do, and a server with so much in its memory."""
    return Stats((GroupStats("crm", lag=lag, pause=pause),), (PartitionStats(0, 0, 0, used, limit),))


async def test_the_rate_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred deliveries at fifty a second take two seconds, and what was not used is not saved up."""
    pipeline = Pipeline([busy()])
    yielding = pipeline.yielding(monkeypatch, backfill_events_per_second=50)
    pipeline.waits.now += 60

    for _ in range(100):
        await yielding.permit()

    assert 61.8 < pipeline.waits.now < 62.1


async def test_it_waits_until_half_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit it waits, and not just until it is reached again: that would be a step forward, a step back."""
    pipeline = Pipeline([busy(11), busy(10), busy(6), busy(5)])
    yielding = pipeline.yielding(monkeypatch, backfill_lag_limit=10)

    await yielding.permit()

    assert pipeline.waits.seconds[:3] == [1.0, 1.0, 1.0]


async def test_a_paused_group_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be paused for days."""
    pipeline = Pipeline([busy(1_000_000, pause=Pause.MANUAL)])

    await pipeline.yielding(monkeypatch).permit()

    assert pipeline.waits.now < 0.1


async def test_memory_that_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to three quarters history may stand for ever; halfway from there to full it stops."""
    pipeline = Pipeline([busy(used=88, limit=100), busy(used=87, limit=100)])

    await pipeline.yielding(monkeypatch).permit()

    assert pipeline.waits.seconds[0] == 1.0
    assert len(pipeline.looks) == 1
