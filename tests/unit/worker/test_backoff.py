"""The retry delays."""

from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.worker.backoff import Backoff


@given(attempt=st.integers(1, 10_000), base=st.floats(0.001, 60), factor=st.floats(1, 10_000))
def test_delays_stay_within_their_bound(attempt: int, base: float, factor: float) -> None:
    """A delay is never negative, never above the cap, and never above base * 2^(attempt-1), however many attempts."""
    backoff = Backoff(base, base * factor)

    delay = backoff.delay_seconds(attempt)

    assert 0 <= delay <= min(base * factor, base * 2.0 ** min(attempt - 1, 60))


def test_delays_grow_and_differ() -> None:
    """On average a later attempt waits longer, and two workers do not wait equally long (full jitter)."""
    backoff = Backoff(1.0, 300.0)

    early = [backoff.delay_seconds(1) for _ in range(500)]
    late = [backoff.delay_seconds(6) for _ in range(500)]

    assert sum(late) > 10 * sum(early)
    assert len(set(early)) > 400
