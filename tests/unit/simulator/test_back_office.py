"""What changes beside the work with people lives on: it is created once, changed, and ended once."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.simulator.back_office import EVENTS, KINDS, BackOffice

NOW = datetime(2026, 3, 7, 4, 26, 14, tzinfo=UTC)


def test_lives_are_in_order() -> None:
    """A resource is created first, each later version is a later time, and nothing follows its end."""
    office = BackOffice(Random(4))
    versions: dict[int, str] = {}
    ended: set[int] = set()
    seen: set[str] = set()
    for number in range(5_000):
        change = office.next(NOW + timedelta(milliseconds=number // 3))
        identity, updated_at = change.resource["id"], change.resource["updated_at"]
        kind = KINDS[change.native_name.rpartition("_")[0]]
        seen.add(change.native_name)

        assert DOTTED[change.native_name] == change.event_type
        assert identity not in ended
        assert (identity in versions) == (not change.native_name.endswith(f"_{kind.created}"))
        assert updated_at > versions.get(identity, "")
        if change.native_name.endswith(("_deleted", "_completed")):
            ended.add(identity)
        versions[identity] = updated_at

    assert seen == EVENTS


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_one_event_can_be_asked_for(event: str) -> None:
    """Whatever has to happen before it, which nobody hears of."""
    assert BackOffice(Random(1)).next_of(event, NOW).native_name == event
