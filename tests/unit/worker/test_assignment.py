"""Which partitions a worker looks after: computed from names alone, evenly, with few moves."""

from collections import Counter

import pytest

from salesloft_webhooks.worker.assignment import FIRST_VISIT_SECONDS, LONGEST_VISIT_SECONDS, Visits, assigned

PARTITIONS = range(64)


def names(count: int) -> list[str]:
    """Names as pods have them."""
    return [f"worker-crm-7d9f-{number}" for number in range(count)]


def shares(count: int) -> dict[str, frozenset[int]]:
    """What each of so many workers looks after."""
    return {name: assigned(name, names(count), PARTITIONS) for name in names(count)}


@pytest.mark.parametrize(("count", "share"), [(1, 64), (2, 32), (4, 16), (5, 13), (8, 8), (16, 8), (100, 8)])
def test_each_has_an_even_share_and_every_partition_somebody(count: int, share: int) -> None:
    """Nobody has more than an even share, at least eight, and one over; no partition has fewer than others."""
    had = shares(count)

    assert max(len(mine) for mine in had.values()) <= share + (count > 8)
    served = Counter(partition for mine in had.values() for partition in mine)
    assert set(served) == set(PARTITIONS)
    assert max(served.values()) == min(served.values())


@pytest.mark.parametrize("partitions", [1, 4, 8])
def test_few_partitions_are_looked_after_by_all(partitions: int) -> None:
    """Small installations work as if there were no assignment."""
    for name in names(5):
        assert assigned(name, names(5), range(partitions)) == frozenset(range(partitions))


def test_a_worker_that_comes_moves_little_more_than_its_share() -> None:
    """From four workers to five: a fifth has to move, and not twice that."""
    before, after = shares(4), shares(5)

    moved = sum(len(mine - before.get(name, frozenset())) for name, mine in after.items())

    assert len(after[names(5)[-1]]) <= moved <= 2 * 13


def test_the_order_of_the_names_means_nothing() -> None:
    """Everybody computes the same, in whatever order the names came."""
    for name in names(7):
        assert assigned(name, names(7)[::-1], PARTITIONS) == assigned(name, names(7), PARTITIONS)


def test_who_is_not_known_looks_after_all() -> None:
    """A worker that the store has forgotten, for its beats did not arrive, leaves nothing to others."""
    assert assigned("new", names(3), PARTITIONS) == frozenset(PARTITIONS)


def test_visits_become_rare_and_frequent_again() -> None:
    """A partition of others is looked at less and less, and more often as soon as something was there."""
    visits = Visits()
    waits = [visits.next_seconds() for _ in range(8)]
    visits.found()

    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (FIRST_VISIT_SECONDS, LONGEST_VISIT_SECONDS)
    assert visits.next_seconds() == FIRST_VISIT_SECONDS
