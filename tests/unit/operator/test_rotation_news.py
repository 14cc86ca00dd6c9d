"""Since when a change of keys is under way, as the alert about stuck ones is told."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from salesloft_webhooks.operator.objects import Metadata, SubscriptionObject
from salesloft_webhooks.operator.subscription_news import News
from salesloft_webhooks.operator.subscription_status import SubscriptionStatus
from salesloft_webhooks.subscriptions import MasterKey, Phase

OF = SubscriptionObject(metadata=Metadata(name="sales"))
SINCE = datetime(2026, 11, 29, 9, tzinfo=UTC)
NEW, OLD = MasterKey(b"new"), MasterKey(b"old")


class Telemetry:
    """Remembers what it was told."""

    told: datetime | None = None

    def rotation(self, _name: str, _phase: str, since: datetime | None) -> None:
        """See `OperatorTelemetry`."""
        self.told = since


@pytest.mark.parametrize(
    ("phase", "keys", "managed", "under_way"),
    [
        pytest.param(Phase.DRAINING, (NEW, OLD), False, True, id="older subscriptions drain"),
        pytest.param(Phase.CREATING, (NEW,), False, False, id="there is one key: nothing changes"),
        pytest.param(Phase.RETIRING, (NEW, OLD), False, False, id="the older key is for somebody to take away"),
        pytest.param(Phase.RETIRING, (NEW, OLD), True, True, id="the older key is for the operator to take away"),
        pytest.param(Phase.IDLE, (NEW,), True, False, id="it is over"),
    ],
)
def test_a_change_is_under_way_until_its_last_step(
    phase: Phase, keys: tuple[MasterKey, ...], *, managed: bool, under_way: bool
) -> None:
    """Taking the older key away is a step of it where the operator does that."""
    telemetry = Telemetry()
    status = SubscriptionStatus(rotation_phase=str(phase), key=NEW.fingerprint, key_seen_at="2026-11-29T09:00:00Z")

    News(cast("Any", None), cast("Any", telemetry)).rotation(OF, status, keys, managed=managed)

    assert telemetry.told == (SINCE if under_way else None)
