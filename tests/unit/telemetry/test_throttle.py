"""A flood of one kind of line becomes a line now and then."""

from salesloft_webhooks.telemetry.throttle import INTERVAL_SECONDS, Throttle


def test_the_first_passes_and_the_rest_are_counted() -> None:
    """Within the interval only the first of a kind passes; the next one after it says how many were left out."""
    now = 0.0
    throttle = Throttle(clock=lambda: now)

    flood = [throttle.suppressed("delivery.rejected", "mismatch") for _ in range(1_000)]
    now = INTERVAL_SECONDS
    later = throttle.suppressed("delivery.rejected", "mismatch")

    assert flood == [0, *[None] * 999]
    assert later == 999


def test_a_flood_that_does_not_end_is_heard_now_and_then() -> None:
    """One refusal a second for half a minute is a line every ten seconds, not one line and then silence."""
    seconds = iter(range(31))
    throttle = Throttle(clock=lambda: next(seconds))

    heard = [number for number in range(31) if throttle.suppressed("delivery.rejected", "mismatch") is not None]

    assert heard == [0, 10, 20, 30]


def test_kinds_do_not_hide_each_other() -> None:
    """A flood of one reason leaves room for the first line of another."""
    throttle = Throttle(clock=lambda: 0.0)

    throttle.suppressed("delivery.rejected", "mismatch")

    assert throttle.suppressed("delivery.rejected", "expired") == 0
