"""The test kit and the worker agree on every way a handler can end."""

import re

import pytest

from salesloft_webhooks import Event, Retry, Router
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.testing import Outcome, event, run
from tests.integration.testing.cases import CASES, Case
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import Pipeline, pipeline

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
each_counted_case = pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=name) for name, case in CASES.items() if case.outcome is not Outcome.PAUSED],
)
LINE = re.compile(r" \(tests/[^)]*\)")
"""Where in the author's code an error was raised: the worker says so, the kit has the error itself."""
STREAM, DUE, PAUSE = "sl:{0}:events", "sl:{0}:g:mine:due", "sl:{0}:g:mine:pause"


def without_line(error: str) -> str:
    """What the worker has stored of an error, without the author's line."""
    return LINE.sub("", error)


@every_case
async def test_the_kit_says_what_becomes_of_the_event(case: Case) -> None:
    """Outcome, error, delay and reason are those of the table."""
    result = await run(
        case.handler, event("person.created", id=7), settings=Settings.load(handler_timeout_seconds=0.05)
    )

    name = type(result.error).__name__ if result.error else ""
    assert (result.outcome, name, result.after_seconds, result.reason) == (
        case.outcome,
        case.error,
        case.after_seconds,
        case.reason,
    )


@every_case
async def test_the_kit_knows_the_last_attempt(case: Case) -> None:
    """What would be tried again is a dead letter when no attempt is left."""
    settings = Settings.load(handler_timeout_seconds=0.05, max_attempts=3)

    result = await run(case.handler, event("person.created", attempt=3), settings=settings)

    last = (Outcome.DEAD, "exhausted") if case.outcome is Outcome.RETRY else (case.outcome, case.reason)
    assert (result.outcome, result.reason) == last


@every_case
async def test_the_worker_does_what_the_table_says(valkey: Server, case: Case) -> None:
    """A real worker settles each case as the table has it, and goes on working."""

    async def handle(each: Event) -> None:
        if each.event_id == "e1":
            await case.handler(each)

    async with pipeline(valkey, handle, handler_timeout_seconds=0.05, max_attempts=1_000) as running:
        await eventually(lambda: running.worker.not_ready() is None, "the group is registered")
        await running.publish("e1")
        await eventually(lambda: _is_settled(running, case), f"the event is {case.outcome}")
        if case.outcome is not Outcome.PAUSED:
            await running.publish("e2")
            await eventually(lambda: running.outcome("e2") == "done", "the worker goes on")

        letters = running.dead()
        if case.outcome is Outcome.DEAD:
            assert [(letter["reason"], without_line(letter["error"])) for letter in letters] == [
                (case.reason, f"{case.error}: x")
            ]
        else:
            assert letters == []


@each_counted_case
async def test_the_worker_knows_the_last_attempt(valkey: Server, case: Case) -> None:
    """What would be tried again is a dead letter with its error when no attempt is left."""
    async with pipeline(valkey, case.handler, handler_timeout_seconds=0.05, max_attempts=1) as running:
        await eventually(lambda: running.worker.not_ready() is None, "the group is registered")
        await running.publish("e1")
        await running.finished(1)

        letters = [(letter["reason"], without_line(letter["error"])) for letter in running.dead()]

    assert [reason for reason, _ in letters] == ([] if case.outcome is Outcome.DONE else [case.reason or "exhausted"])
    assert all(error.startswith(case.stored or f"{case.error}: ") for _, error in letters)


async def test_the_kit_keeps_a_handlers_own_limits() -> None:
    """Time-out and number of attempts of `on` hold in the kit as they do in a worker."""
    router = Router()

    @router.on("person.*", timeout_seconds=0.05, max_attempts=2)
    async def handler(each: Event) -> None:
        await CASES["too-slow"].handler(each)

    first = await run(router, event("person.created"))
    second = await run(router, event("person.created", attempt=2))

    assert (first.outcome, second.outcome, second.reason) == (Outcome.RETRY, Outcome.DEAD, "exhausted")


@pytest.mark.parametrize("after", ["60", float("inf"), float("nan"), -1, True, 10**9], ids=str)
def test_a_time_that_is_none_is_the_authors_mistake(after: float) -> None:
    """Retry refuses in its constructor what could not be stored, with a sentence that names it."""
    with pytest.raises((TypeError, ValueError), match=r"Retry\(after=\.\.\.\)"):
        Retry(after=after)


def _is_settled(running: Pipeline, case: Case) -> bool:
    if case.outcome is Outcome.DONE:
        return running.outcome("e1") == "done"
    if case.outcome is Outcome.DEAD:
        return running.outcome("e1") == "dead"
    if case.outcome is Outcome.PAUSED:
        left: int = running.redis.pttl(PAUSE)
        return (case.after_seconds or 0) * 1_000 - 2_000 < left
    return _waits_for_a_retry(running, case.after_seconds)


def _waits_for_a_retry(running: Pipeline, after_seconds: float | None) -> bool:
    """Whether the entry is nobody's and comes again, at the time asked for if there is one."""
    rows = running.redis.xpending_range(STREAM, "mine", "-", "+", 1)
    if after_seconds is None:  # comes again and again, by the back-off of milliseconds: more than one attempt
        return bool(rows) and rows[0]["times_delivered"] > 1
    if not rows or rows[0]["consumer"] != "-":
        return False
    seconds, micros = running.redis.time()
    ((_, due_ms),) = running.redis.zrange(DUE, 0, 0, withscores=True)
    return bool(abs(due_ms / 1_000 - (seconds + micros / 1e6) - after_seconds) < 2)
