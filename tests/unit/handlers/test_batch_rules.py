"""How many events come together, for how long they wait, and what is refused."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from salesloft_webhooks import Event, Router, Settings
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.batch_handler import BatchHandlerCalls
from salesloft_webhooks.handlers.loading import LoadedGroup


async def nothing(events: Sequence[Event]) -> None:
    """A batch handler."""


def calls_of(max_size: int, **settings: Any) -> BatchHandlerCalls:
    """The calls of one, as a worker makes them."""
    router: Router[None] = Router()
    router.on_batch("*", max_size=max_size)(nothing)
    return BatchHandlerCalls("mine", router.routes[0], lambda given, _: nothing(given), Settings.load(**settings))


def test_the_wait_for_company_is_not_taken_from_the_handlers_time() -> None:
    """An attempt may take as long as the wait, the call before its own, and its own."""
    router: Router[None] = Router()
    router.on_batch("email.*", max_size=5, max_wait=timedelta(minutes=2), timeout_seconds=10)(nothing)
    router.on_batch("person.*", max_size=5, timeout_seconds=10)(nothing)
    group = LoadedGroup("mine", (router,))

    assert group.limits("email.sent", Settings.load()).timeout_seconds == 10 + 120 + 1
    assert group.limits("person.created", Settings.load()).timeout_seconds == 10 + 10 + 1


@pytest.mark.parametrize(
    ("attempt", "company"), [(1, 500), (2, 62), (3, 7), (4, 1), (7, 1), (8, 1), (10**9, 1)], ids=str
)
def test_company_shrinks_with_each_attempt(attempt: int, company: int) -> None:
    """Whoever spoils a batch, or kills its worker, is alone after a few attempts."""
    calls = calls_of(500, worker_concurrency=500, max_attempts=8)

    assert calls.company(attempt) == company


def test_the_last_attempt_is_alone() -> None:
    """With few attempts nobody dies of another's fault either; with one there is no other choice."""
    assert calls_of(500, worker_concurrency=500, max_attempts=2).company(2) == 1
    assert calls_of(500, worker_concurrency=500, max_attempts=1).company(1) == 500


def test_no_more_come_together_than_a_worker_runs() -> None:
    """Whoever waits has a slot, so a batch beyond their number would never be full."""
    assert calls_of(500, worker_concurrency=20).company(1) == 20


@pytest.mark.parametrize(
    "options",
    [{"max_size": 0}, {"max_size": 5, "max_wait": -1}, {"max_size": 5, "max_wait": timedelta(days=2)}],
    ids=["no event", "negative wait", "two days"],
)
def test_impossible_rules_are_refused(options: dict[str, Any]) -> None:
    """At once, by the name of the option."""
    with pytest.raises(ConfigurationError, match=r"on_batch\(max_"):
        Router().on_batch("*", **options)


def test_a_batch_needs_a_type() -> None:
    """As a handler of single events does."""
    with pytest.raises(ConfigurationError, match="at least one event type"):
        Router().on_batch(max_size=2)
