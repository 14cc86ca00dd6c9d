"""Who has to go when everything unfinished together holds more memory than allowed."""

import pytest

from salesloft_webhooks.operations.memory_budget import (
    IDLE_SENDER,
    MINIMUM_BYTES,
    PAUSE_SECONDS,
    UNAUTHENTICATED,
    MemoryBudget,
)

LIMIT = 16 * MINIMUM_BYTES


class Clock:
    """Monotonic seconds that pass when told."""

    seconds = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


class Member:
    """Holds memory since its construction."""

    def __init__(self, budget: MemoryBudget, rank: int | None = UNAUTHENTICATED) -> None:
        self.held_bytes = 0
        self.evicted = False
        self._budget = budget
        self._since = budget.clock()
        self._rank = rank

    def take(self, count: int) -> bool:
        """Draw on the budget."""
        return self._budget.take(self, count)

    def age_seconds(self, now: float) -> float:
        """Since construction."""
        return now - self._since

    def eviction_rank(self) -> int | None:
        """As constructed."""
        return self._rank

    def evict(self) -> None:
        """Give back."""
        self.evicted = True
        self._budget.release(self)


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> MemoryBudget:
    """A budget for sixteen bodies of 64 KiB."""
    return MemoryBudget(LIMIT, clock)


def full(budget: MemoryBudget, clock: Clock, rank: int | None = UNAUTHENTICATED) -> list[Member]:
    """As many members as there is room for, one a second, then a second more."""
    members = []
    for _ in range(16):
        members.append(Member(budget, rank))
        members[-1].take(MINIMUM_BYTES)
        clock.seconds += 1
    return members


def test_nobody_goes_while_there_is_room(budget: MemoryBudget, clock: Clock) -> None:
    """The budget may be spent to the last byte."""
    members = full(budget, clock)

    assert budget.held_bytes == LIMIT
    assert not any(member.evicted for member in members)


def test_whoever_has_held_it_longest_goes_first(budget: MemoryBudget, clock: Clock) -> None:
    """Among equals the oldest make room, down to seven eighths, and the newcomer stays."""
    members = full(budget, clock)
    newcomer = Member(budget)

    assert newcomer.take(MINIMUM_BYTES)
    assert [member.evicted for member in members] == [True] * 3 + [False] * 13
    assert not newcomer.evicted


def test_memory_counts_with_time(budget: MemoryBudget, clock: Clock) -> None:
    """A large body that has lain here for long goes before many small ones that have lain a little longer."""
    small = [Member(budget) for _ in range(8)]
    for member in small:
        member.take(MINIMUM_BYTES)
    clock.seconds += 1
    large = Member(budget)
    large.take(8 * MINIMUM_BYTES)
    clock.seconds += 1

    assert Member(budget).take(MINIMUM_BYTES)
    assert large.evicted
    assert not any(member.evicted for member in small)


def test_little_is_no_protection(budget: MemoryBudget, clock: Clock) -> None:
    """Unauthenticated clients that hold a few KiB each for long go before a sender's large body that has just begun."""
    clients = [Member(budget) for _ in range(64)]
    for member in clients:
        member.take(MINIMUM_BYTES // 8)
    clock.seconds += 5
    sender = Member(budget)
    sender.take(7 * MINIMUM_BYTES)
    clock.seconds += 0.4

    assert sender.take(2 * MINIMUM_BYTES)
    assert not sender.evicted
    assert any(member.evicted for member in clients)


def test_unauthenticated_clients_go_before_idle_senders(budget: MemoryBudget, clock: Clock) -> None:
    """A proxy's idle connection stays while there is an unauthenticated client, however new."""
    sender = Member(budget, IDLE_SENDER)
    sender.take(LIMIT // 2)
    clock.seconds += 500
    clients = [Member(budget), Member(budget)]
    for member in clients:
        member.take(LIMIT // 4)

    assert Member(budget).take(MINIMUM_BYTES)
    assert not sender.evicted
    assert any(member.evicted for member in clients)


def test_what_is_proven_stays_and_others_are_told_so(budget: MemoryBudget, clock: Clock) -> None:
    """Signed deliveries in work are never evicted; where they hold everything, the next is told there is no room."""
    proven = full(budget, clock, rank=None)
    newcomer = Member(budget, rank=None)

    assert not newcomer.take(MINIMUM_BYTES)
    assert not any(member.evicted for member in [*proven, newcomer])


def test_a_fruitless_search_is_not_repeated_at_once(budget: MemoryBudget, clock: Clock) -> None:
    """Where nobody can go, not every arriving byte costs a look at all; a moment later there is a look again."""
    full(budget, clock, rank=None)
    Member(budget, rank=None).take(1)
    client = Member(budget)
    client.take(LIMIT)
    at_once = client.evicted

    clock.seconds += PAUSE_SECONDS
    Member(budget, rank=None).take(1)

    assert (at_once, client.evicted) == (False, True)


def test_the_one_that_asks_may_be_the_one_that_goes(budget: MemoryBudget, clock: Clock) -> None:
    """Whoever wants more than anybody else has had is evicted for it."""
    greedy = Member(budget)
    clock.seconds += 1

    greedy.take(LIMIT + 1)

    assert greedy.evicted
    assert budget.held_bytes == 0


def test_memory_can_be_released_twice(budget: MemoryBudget) -> None:
    """Evicted and then ended: what was given back is not given back again."""
    member = Member(budget)
    member.take(1000)

    budget.release(member)
    budget.release(member)

    assert (budget.held_bytes, member.held_bytes) == (0, 0)
