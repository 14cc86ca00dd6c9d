"""Equal time-outs under one timer: each future and each task ends in its own time, whatever the others do."""

import asyncio
from contextlib import suppress
from contextvars import ContextVar

import pytest

from salesloft_webhooks.deadlines import Deadlines
from tests.support.virtual_time import in_virtual_time

SECONDS = 0.1
NEVER = 10.0
Future = asyncio.Future[object]


class OverTimeError(Exception):
    """What a future ends with."""


def fail(future: Future) -> None:
    """What is done about a future that takes too long."""
    if not future.done():
        future.set_exception(OverTimeError())


@pytest.fixture
def deadlines() -> Deadlines[Future]:
    """Of futures, and short."""
    return Deadlines(SECONDS, fail)


@in_virtual_time
async def test_a_future_that_takes_too_long_ends_with_the_error(deadlines: Deadlines[Future]) -> None:
    """It ends when its time is over, neither before nor later."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    deadlines.begin(future)

    with pytest.raises(OverTimeError):
        await asyncio.wait_for(future, 5)

    assert loop.time() == pytest.approx(SECONDS)


@in_virtual_time
async def test_a_future_that_is_done_in_time_keeps_its_result(deadlines: Deadlines[Future]) -> None:
    """What is done, failed or cancelled before its time is left alone."""
    loop = asyncio.get_running_loop()
    good, cancelled = loop.create_future(), loop.create_future()
    deadlines.begin(good)
    deadlines.begin(cancelled)
    good.set_result("stored")
    cancelled.cancel()

    await asyncio.sleep(2 * SECONDS)

    assert good.result() == "stored"
    assert cancelled.cancelled()


@in_virtual_time
async def test_what_has_ended_is_watched_no_more(deadlines: Deadlines[Future]) -> None:
    """Who ends in time is told so and left alone, though it is not done; who ends too late is told that."""
    loop = asyncio.get_running_loop()
    early, late = loop.create_future(), loop.create_future()
    deadlines.begin(early)
    deadlines.begin(late)

    in_time = deadlines.end(early)
    await asyncio.wait([late], timeout=5)

    assert in_time
    assert not early.done()
    assert not deadlines.end(late)


@in_virtual_time
async def test_each_future_has_its_own_time(deadlines: Deadlines[Future]) -> None:
    """One timer serves all: who comes later ends later, also behind one that is done and one that is over its time."""
    loop = asyncio.get_running_loop()
    done, first, second = loop.create_future(), loop.create_future(), loop.create_future()
    deadlines.begin(first)
    deadlines.begin(done)
    done.set_result(None)
    await asyncio.sleep(SECONDS / 2)
    deadlines.begin(second)

    await asyncio.wait([first], timeout=5)
    second_waits = not second.done()
    await asyncio.wait([second], timeout=5)

    assert second_waits
    assert isinstance(first.exception(), OverTimeError)
    assert isinstance(second.exception(), OverTimeError)


@in_virtual_time
async def test_what_comes_after_a_rest_is_watched_too(deadlines: Deadlines[Future]) -> None:
    """After all were done and the timer has nothing to look for, the next future has its time-out again."""
    loop = asyncio.get_running_loop()
    early = loop.create_future()
    deadlines.begin(early)
    early.set_result(None)
    await asyncio.sleep(2 * SECONDS)
    late = loop.create_future()
    deadlines.begin(late)

    await asyncio.wait([late], timeout=5)

    assert isinstance(late.exception(), OverTimeError)


@in_virtual_time
async def test_the_end_leaves_nobody_waiting(deadlines: Deadlines[Future]) -> None:
    """When nobody works on them any more, futures end at once, and no timer is left."""
    loop = asyncio.get_running_loop()
    future, done = loop.create_future(), loop.create_future()
    deadlines.begin(done)
    deadlines.begin(future)
    done.set_result(None)

    deadlines.end_all()

    assert isinstance(future.exception(), OverTimeError)
    assert done.result() is None


@in_virtual_time
async def test_the_timer_keeps_nothing_of_who_began_first() -> None:
    """What the first one has bound in its context is free when that has ended, whatever the timer still waits for."""
    seen = list[object]()
    bound: ContextVar[object] = ContextVar("bound", default=None)
    limits = Deadlines[str](SECONDS, lambda _: seen.append(bound.get()))
    bound.set("a request")

    limits.begin("the first")
    await asyncio.sleep(2 * SECONDS)

    assert seen == [None]


async def _attempt(limits: Deadlines[asyncio.Task[object]], seconds: float) -> tuple[bool, float]:
    """Whether an attempt that wants ``seconds`` took too long, and how long it took."""
    loop = asyncio.get_running_loop()
    began, task = loop.time(), asyncio.current_task()
    assert task is not None
    limits.begin(task)
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(seconds)
    return not limits.end(task), loop.time() - began


async def _attempts(
    limits: Deadlines[asyncio.Task[object]], wanted: list[float], *, apart: float = 0.0
) -> list[tuple[bool, float]]:
    tasks = []
    for seconds in wanted:
        tasks.append(asyncio.create_task(_attempt(limits, seconds)))
        await asyncio.sleep(apart)
    return await asyncio.gather(*tasks)


@in_virtual_time
async def test_each_task_has_its_own_time() -> None:
    """Those that begin later end later: the shared timer is set again for each, and never early."""
    ends = await _attempts(Deadlines(2 * SECONDS, asyncio.Task.cancel), [NEVER] * 3, apart=SECONDS)

    assert [too_late for too_late, _ in ends] == [True] * 3
    assert [seconds for _, seconds in ends] == pytest.approx([2 * SECONDS] * 3)


@in_virtual_time
async def test_a_task_that_ends_in_time_is_left_alone() -> None:
    """The time of an attempt that has ended is nobody else's: neither its task is cancelled later nor the next one."""
    limits = Deadlines[asyncio.Task[object]](2 * SECONDS, asyncio.Task.cancel)

    first = await _attempt(limits, SECONDS)
    ends = await _attempts(limits, [SECONDS, NEVER, SECONDS], apart=SECONDS / 2)
    await asyncio.sleep(2 * SECONDS)

    assert [too_late for too_late, _ in (first, *ends)] == [False, False, True, False]
