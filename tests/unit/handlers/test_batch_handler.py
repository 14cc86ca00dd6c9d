"""Batch handlers get several events at once, and each event ends by itself."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest
from structlog.contextvars import get_contextvars

from salesloft_webhooks import Event, Failures, PermanentError, Retry, Router, Settings, Unavailable
from salesloft_webhooks.handlers.batch_handler import BatchHandlerCalls
from salesloft_webhooks.handlers.execution import AttemptTimeout, HandlerCancelled
from salesloft_webhooks.handlers.sys_exit import HandlerExited
from salesloft_webhooks.testing import Outcome, event, run, run_batch

SETTINGS = Settings.load()


def events(count: int, **more: Any) -> list[Event]:
    """So many, with ids e0, e1, ..."""
    return [event("person.created", event_id=f"e{number}", id=number + 1, **more) for number in range(count)]


class Recording:
    """A router with one batch handler, which returns or raises what it is told, and writes down what it got."""

    def __init__(self, answer: Any = None, **options: Any) -> None:
        self.router: Router[None] = Router()
        self.batches: list[list[str]] = []
        self.answer = answer
        self.router.on_batch("*", **{"max_size": 10, **options})(self.handle)

    async def handle(self, events: Sequence[Event]) -> Failures | None:
        """Write down which events came."""
        self.batches.append([each.event_id for each in events])
        if isinstance(self.answer, BaseException):
            raise self.answer
        returned: Failures | None = self.answer
        return returned


async def test_all_are_done_when_the_handler_returns() -> None:
    """It gets one list, in the order in which the events came, and None settles all of it."""
    recording = Recording()

    results = await run_batch(recording.router, events(3))

    assert recording.batches == [["e0", "e1", "e2"]]
    assert [result.outcome for result in results] == [Outcome.DONE] * 3


async def test_each_failure_is_what_its_event_would_have_raised_alone() -> None:
    """A mapping decides event by event: dead at once, after a time, by back-off, paused; the others are done."""
    failures = {
        "e1": PermanentError("no such person"),
        "e2": Retry(after=7),
        "e3": ValueError("odd"),
        "e4": Unavailable("down", after=30),
    }

    results = await run_batch(Recording(failures).router, events(5))

    assert [result.outcome for result in results] == [
        Outcome.DONE,
        Outcome.DEAD,
        Outcome.RETRY,
        Outcome.RETRY,
        Outcome.PAUSED,
    ]
    assert [result.after_seconds for result in results] == [None, None, 7, None, 30]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ValueError("odd"), ValueError),
        (SystemExit(3), HandlerExited),
        (asyncio.CancelledError(), HandlerCancelled),
        ({"another": ValueError()}, ValueError),
        ({"e0": "text"}, TypeError),
        (["e0"], TypeError),
    ],
    ids=["raises", "exits", "cancels itself", "names another event", "is no exception", "is no mapping"],
)
async def test_what_the_handler_raises_is_raised_for_all(answer: Any, error: type[Exception]) -> None:
    """So is a mistake in what it returns: nobody is called done of whom it has said nothing that can be read."""
    results = await run_batch(Recording(answer).router, events(2))

    assert [(result.outcome, type(result.error)) for result in results] == [(Outcome.RETRY, error)] * 2


async def test_a_call_that_takes_too_long_fails_all_in_it() -> None:
    """The handler's own time-out holds for the call, and the wait before it is none of that."""
    router: Router[None] = Router()

    @router.on_batch("*", max_size=5, timeout_seconds=0.05)
    async def hang(events: Sequence[Event]) -> None:
        await asyncio.sleep(60)

    results = await run_batch(router, events(2))

    assert [type(result.error) for result in results] == [AttemptTimeout] * 2
    assert str(results[0].error) == "no end within 0.05 s"


async def test_one_bad_event_leaves_the_others_done() -> None:
    """A handler that raises for all because of one: everybody is done at last, but that one."""
    router: Router[None] = Router()

    @router.on_batch("*", max_size=50)
    async def fragile(events: Sequence[Event]) -> None:
        if any(each.event_id == "e13" for each in events):
            raise ValueError("one of them is bad")

    ends: dict[str, Outcome] = {}
    for attempt in range(1, 9):
        left = [each for each in events(50, attempt=attempt) if ends.get(each.event_id) is not Outcome.DONE]
        results = await run_batch(router, left)
        ends |= {each.event_id: result.outcome for each, result in zip(left, results, strict=True)}

    assert [event_id for event_id, outcome in ends.items() if outcome is not Outcome.DONE] == ["e13"]
    assert ends["e13"] is Outcome.DEAD


def calls_of(router: Router[None]) -> BatchHandlerCalls:
    """The calls of its only handler."""
    (route,) = router.routes
    return BatchHandlerCalls("mine", route, lambda given, _: route.run(given, None), SETTINGS)


def still_leased() -> bool:
    """Nobody was frozen."""
    return True


async def test_no_batch_begins_with_an_event_that_others_may_have() -> None:
    """All of them go back, and no attempt is counted: who was frozen cannot say for the others either."""
    recording = Recording()
    calls = calls_of(recording.router)
    leased = {"e0": True, "e1": False, "e2": True}

    outcomes = await asyncio.gather(
        *(calls.handle(each, partial(leased.__getitem__, each.event_id)) for each in events(3)), return_exceptions=True
    )

    assert [isinstance(each, Retry) and not each.counted for each in outcomes] == [True] * 3
    assert recording.batches == []


async def test_an_event_that_is_cut_off_leaves_the_call_to_the_others() -> None:
    """The call is cancelled, and begun again without it once it has ended; the event's attempt ends no sooner."""
    log: list[str] = []
    release = asyncio.Event()
    router: Router[None] = Router()

    @router.on_batch("*", max_size=3)
    async def handle(events: Sequence[Event]) -> None:
        names = " ".join(each.event_id for each in events)
        log.append(f"begins {names}")
        try:
            await release.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
            log.append(f"ended {names}")
            raise
        log.append(f"done {names}")

    calls = calls_of(router)
    tasks = [asyncio.create_task(calls.handle(each, still_leased)) for each in events(3)]
    await asyncio.sleep(0.01)

    tasks[1].cancel()
    await asyncio.wait({tasks[1]})
    assert log[:2] == ["begins e0 e1 e2", "ended e0 e1 e2"]
    release.set()
    await asyncio.gather(tasks[0], tasks[2])

    assert log[2:] == ["begins e0 e2", "done e0 e2"]
    assert tasks[1].cancelled()


async def test_a_call_whose_events_are_all_cut_off_ends() -> None:
    """Nothing goes on behind a worker that stops."""
    recording = Recording()
    ended: list[bool] = []

    async def hang(events: Sequence[Event]) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    router: Router[None] = Router()
    router.on_batch("*", max_size=2)(hang)
    calls = calls_of(router)
    tasks = [asyncio.create_task(calls.handle(each, still_leased)) for each in events(2)]
    await asyncio.sleep(0.01)

    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)

    assert (ended, recording.batches) == ([True], [])


async def test_a_batch_handler_stands_beside_others() -> None:
    """In the order of registration, as any handler does; alone, an event is a batch of one, which waits for nobody."""
    router: Router[str] = Router(lambda _settings: nullcontext("another"))
    log: list[Any] = []

    @router.on("*")
    async def first(event: Event) -> None:
        log.append("first")

    @router.on_batch("*", max_size=50, max_wait=60)
    async def second(events: Sequence[Event], resources: str) -> None:
        log.append((resources, len(events)))

    result = await run(router, event("person.created", id=1), resources="database")

    assert (result.outcome, log) == (Outcome.DONE, ["first", ("database", 1)])


async def test_log_lines_of_a_call_are_about_no_single_event() -> None:
    """They carry the group and how many events there are."""
    router: Router[None] = Router()
    seen: list[Mapping[str, Any]] = []

    @router.on_batch("*", max_size=5)
    async def look(events: Sequence[Event]) -> None:
        seen.append(get_contextvars())

    await run_batch(router, events(2))

    assert seen == [{"group": "test", "batch_events": 2}]
