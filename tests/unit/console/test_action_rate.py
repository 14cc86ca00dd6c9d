"""One person acts only so often, and stands in nobody else's way."""

import pytest

from salesloft_webhooks.console.action_rate import WINDOW_SECONDS, ActionRate
from salesloft_webhooks.console.people import Person
from salesloft_webhooks.console.refusals import TooOften

ROBIN, SAM = Person("robin", frozenset()), Person("sam", frozenset())


def test_the_limit_is_each_persons_own_and_ends_with_the_minute() -> None:
    """The third of two is refused, and again; bulk actions have a count of their own; after a minute all is well."""
    now = 0.0
    rate = ActionRate(2, 1, lambda: now)

    rate.count(ROBIN, bulk=False)
    now = 30.0
    rate.count(ROBIN, bulk=False)
    for _ in range(2):
        with pytest.raises(TooOften, match="in 30 s"):
            rate.count(ROBIN, bulk=False)
    rate.count(SAM, bulk=False)
    rate.count(ROBIN, bulk=True)
    with pytest.raises(TooOften, match="bulk"):
        rate.count(ROBIN, bulk=True)

    now = WINDOW_SECONDS
    rate.count(ROBIN, bulk=False)
    with pytest.raises(TooOften):
        rate.count(ROBIN, bulk=False)
