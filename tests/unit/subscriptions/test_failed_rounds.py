"""What a round makes of failures."""

import pytest
from msgspec.structs import replace

from salesloft_webhooks.errors import (
    SalesloftBudgetSpent,
    SalesloftError,
    SalesloftForbidden,
    SalesloftNotFound,
    SalesloftRefused,
    SalesloftUnauthorized,
    SalesloftUnavailable,
    SalesloftUnreadable,
)
from salesloft_webhooks.subscriptions import (
    Delete,
    FailureReason,
    Memory,
    Plan,
    Round,
)
from salesloft_webhooks.subscriptions.plan import BELIEVED_SECONDS
from tests.unit.subscriptions.registry import FakeRegistry, failing
from tests.unit.subscriptions.rounds import ALL, DESIRED, Operator


def test_nothing_is_deleted_after_a_failure() -> None:
    """A creation fails: what would be deleted for being unwanted stays, and the rest is created."""
    registry = FakeRegistry()
    Operator(registry, desired=replace(DESIRED, events=DESIRED.events | {"task_created"})).until_settled()
    registry.there = {identity: each for identity, each in registry.there.items() if identity > 2}
    registry.asked.clear()
    registry.before = failing(SalesloftRefused("no"), 1)

    made = Operator(registry).round()

    assert [type(step) for step in made.outcome.left] == [Delete]
    assert made.failure is FailureReason.REFUSED
    assert len(made.outcome.done) == 1
    assert not made.settled


@pytest.mark.parametrize(
    ("error", "tried"),
    [
        (SalesloftUnauthorized("x"), 1),
        (SalesloftForbidden("x"), 1),
        (SalesloftBudgetSpent("x"), 1),
        (SalesloftUnavailable("x"), 2),
        (SalesloftRefused("x"), ALL),
        (SalesloftNotFound("x"), ALL),
    ],
    ids=str,
)
def test_what_would_fail_alike_is_not_tried(error: SalesloftError, tried: int) -> None:
    """Without credentials, rate limit or SalesLoft the rest would fail as well; else the failure is one step's."""
    registry = FakeRegistry(before=failing(error, *range(1, 20)))
    made = Operator(registry).round()

    assert len(made.outcome.failures) == tried
    assert len(made.outcome.left) == ALL - tried


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SalesloftUnauthorized("x"), FailureReason.CREDENTIALS_REFUSED),
        (SalesloftForbidden("x"), FailureReason.FORBIDDEN),
        (SalesloftBudgetSpent("x"), FailureReason.RATE_LIMITED),
        (SalesloftRefused("x"), FailureReason.REFUSED),
        (SalesloftUnreadable("x"), FailureReason.UNREADABLE),
        (SalesloftUnavailable("x"), FailureReason.UNAVAILABLE),
        (SalesloftNotFound("x"), FailureReason.UNAVAILABLE),
    ],
    ids=str,
)
def test_without_a_list_nothing_is_done_and_the_memory_stays(error: SalesloftError, reason: FailureReason) -> None:
    """One word says why, and nothing is settled."""
    operator = Operator(FakeRegistry(before=failing(error, 0)))
    operator.memory = Memory(key="a key", established=True)
    made = operator.round()

    assert operator.registry.asked == ["all"]
    assert (made.found, made.failure, made.plan.memory) == (None, reason, Memory(key="a key", established=True))
    assert not made.settled


def test_a_plan_is_not_believed_for_long() -> None:
    """Steps that SalesLoft's slowness has kept for a minute are left to the next list."""
    registry = FakeRegistry()
    operator = Operator(registry)

    def slow(_: int, name: str) -> None:
        operator.clock.now += BELIEVED_SECONDS / 2 if name == "create" else 0

    registry.after = slow
    made = operator.round()

    assert len(made.outcome.done) == 2
    assert len(made.outcome.left) == ALL - 2


def test_whoever_is_no_leader_any_more_stops_at_once() -> None:
    """Asked before each step, whether the one before has worked or not."""
    registry = FakeRegistry()
    made = Operator(registry).round(may_go_on=lambda: len(registry.asked) < 3)

    assert registry.asked == ["all", "create", "create"]
    assert len(made.outcome.left) == ALL - 2


def test_an_answer_that_was_lost_is_found_by_the_next_list() -> None:
    """A creation that SalesLoft has done and nobody heard of is not made twice."""
    registry = FakeRegistry(after=failing(SalesloftUnavailable("lost", perhaps_done=True), 1))
    operator = Operator(registry)
    first = operator.round()
    operator.until_settled()

    assert len(first.outcome.failures) == 1
    assert len(registry.there) == ALL


@pytest.mark.parametrize(
    ("error", "failures", "seconds"),
    [
        (SalesloftUnavailable("x"), 1, 5.0),
        (SalesloftUnavailable("x"), 3, 20.0),
        (SalesloftUnavailable("x"), 50, 300.0),
        (SalesloftUnavailable("x", after_seconds=400.0), 1, 400.0),
        (SalesloftUnauthorized("x"), 1, 5.0),
        (SalesloftRefused("x"), 1, 3600.0),
    ],
)
def test_failures_are_waited_out_longer_and_longer(error: SalesloftError, failures: int, seconds: float) -> None:
    """As SalesLoft says, or five seconds and twice as long each time, five minutes at the most; refusals an hour."""
    assert Round(plan=Plan(), error=error).next_seconds(failures) == seconds
