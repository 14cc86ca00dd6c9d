"""Equal time-outs under one timer: each future ends in its own time, whatever the others do."""

import asyncio
import time

import pytest

from salesloft_webhooks.deadlines import Deadlines

SECONDS = 0.1


class OverTimeError(Exception):
    """What a future ends with."""


@pytest.fixture
async def deadlines() -> Deadlines:
    """Deadlines that are short."""
    return Deadlines(SECONDS, OverTimeError)


async def test_a_future_that_takes_too_long_ends_with_the_error(deadlines: Deadlines) -> None:
    """It ends when its time is over, neither before nor much later."""
    began = time.monotonic()
    future = asyncio.get_running_loop().create_future()
    deadlines.watch(future)

    with pytest.raises(OverTimeError):
        await asyncio.wait_for(future, 5)

    assert SECONDS * 0.9 <= time.monotonic() - began < 5


async def test_a_future_that_is_done_in_time_keeps_its_result(deadlines: Deadlines) -> None:
    """What is done, failed or cancelled before its time is left alone."""
    loop = asyncio.get_running_loop()
    good, cancelled = loop.create_future(), loop.create_future()
    deadlines.watch(good)
    deadlines.watch(cancelled)
    good.set_result("stored")
    cancelled.cancel()

    await asyncio.sleep(2 * SECONDS)

    assert good.result() == "stored"
    assert cancelled.cancelled()


async def test_each_future_has_its_own_time(deadlines: Deadlines) -> None:
    """One timer serves all: who comes later ends later, also behind one that is done and one that is over its time."""
    loop = asyncio.get_running_loop()
    done, first, second = loop.create_future(), loop.create_future(), loop.create_future()
    deadlines.watch(first)
    deadlines.watch(done)
    done.set_result(None)
    await asyncio.sleep(SECONDS / 2)
    deadlines.watch(second)

    await asyncio.wait([first], timeout=5)
    second_waits = not second.done()
    await asyncio.wait([second], timeout=5)

    assert second_waits
    assert isinstance(first.exception(), OverTimeError)
    assert isinstance(second.exception(), OverTimeError)


async def test_what_comes_after_a_rest_is_watched_too(deadlines: Deadlines) -> None:
    """After all were done and the timer has nothing to look for, the next future has its time-out again."""
    loop = asyncio.get_running_loop()
    early = loop.create_future()
    deadlines.watch(early)
    early.set_result(None)
    await asyncio.sleep(2 * SECONDS)
    late = loop.create_future()
    deadlines.watch(late)

    await asyncio.wait([late], timeout=5)

    assert isinstance(late.exception(), OverTimeError)


async def test_the_end_leaves_nobody_waiting(deadlines: Deadlines) -> None:
    """When nobody works on them any more, futures end at once, and no timer is left."""
    loop = asyncio.get_running_loop()
    future, done = loop.create_future(), loop.create_future()
    deadlines.watch(done)
    deadlines.watch(future)
    done.set_result(None)

    deadlines.end()

    assert isinstance(future.exception(), OverTimeError)
    assert done.result() is None
