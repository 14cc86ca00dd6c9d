"""One person acts only so often, and stands in nobody else's way."""

import pytest

from salesloft_webhooks.console.action_rate import PEOPLE, WINDOW_SECONDS, ActionRate
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


def test_so_many_people_are_remembered() -> None:
    """Names cost memory, and a proxy may name anybody: who has not acted for longest is forgotten, and nobody else."""
    rate = ActionRate(1, 1, lambda: 0.0)
    people = [Person(str(number), frozenset()) for number in range(PEOPLE + 1)]
    for person in people:
        rate.count(person, bulk=False)

    rate.count(people[0], bulk=False)

    with pytest.raises(TooOften):
        rate.count(people[-1], bulk=False)
