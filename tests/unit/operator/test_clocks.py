"""A clock that is set ends no wait early, and none an hour late."""

from salesloft_webhooks.operator.subscription_look import not_later
from salesloft_webhooks.operator.times import micro_time, seconds_time, steady_clock, unix_seconds
from salesloft_webhooks.subscriptions import Memory


def test_setting_the_clock_moves_nothing() -> None:
    """The time that plans are given goes on from where it began, whatever is set meanwhile."""
    unix, steady = [1_000.0], [50.0]
    clock = steady_clock(lambda: unix[0], lambda: steady[0])

    unix[0], steady[0] = 4_600.0, 57.0

    assert clock() == 1_007.0


def test_a_time_that_has_yet_to_come_is_now() -> None:
    """A status of a leader whose clock was an hour ahead is waited from by now on, not for an hour."""
    ahead = Memory(key="k", key_since=4_600.0, complete_since=4_700.0)
    past = Memory(key="k", key_since=900.0)

    assert not_later(ahead, 1_000.0) == Memory(key="k", key_since=1_000.0, complete_since=1_000.0)
    assert not_later(past, 1_000.0) == past


def test_times_are_written_as_kubernetes_wants_them() -> None:
    """A `MicroTime` has six digits also where they are zero; a `Time` has none."""
    assert len(micro_time()) == len("2026-11-25T09:00:00.000000Z")
    assert seconds_time(0.9) == "1970-01-01T00:00:00Z"
    assert unix_seconds("1970-01-01T00:00:01Z") == 1.0
