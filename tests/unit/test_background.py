"""Background loops end when they are told to, whatever their cancellation is mistaken for, and never die unseen."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from salesloft_webhooks import background
from salesloft_webhooks.background import Background, LeftBehind, cancel_and_wait, repeat, run_until


async def _lost_when_cancelled() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ConnectionError("lost") from None


async def _swallows_once() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return


@pytest.mark.parametrize("step", [_lost_when_cancelled, _swallows_once])
async def test_a_loop_ends_however_its_cancellation_comes(
    step: Callable[[], Awaitable[None]],
) -> None:
    """A cancellation that a library turns into an error, or swallows, ends a loop that outlives errors."""
    async with asyncio.timeout(5):
        task = asyncio.create_task(repeat(step, failed=lambda _error, _failures: 0.0))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    assert task.cancelled()


async def test_a_loop_outlives_errors_and_counts_those_in_a_row() -> None:
    """Each failure is told with its number in a row; a success begins anew, and the loop goes on."""
    rounds = iter([True, True, False, True])
    told: list[int] = []
    enough = asyncio.Event()

    async def step() -> None:
        if (fails := next(rounds, None)) is None:
            await asyncio.sleep(60)
        elif fails:
            raise ValueError("no")

    def failed(_error: Exception, failures: int) -> float:
        told.append(failures)
        if len(told) == 3:
            enough.set()
        return 0.0

    async with Background() as owner:
        owner.repeat(step, name="loop", failed=failed)
        await enough.wait()

    assert told == [1, 2, 1]


async def test_nothing_is_left_running_behind_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the owner is left, every task has ended, also one that swallows its first cancellation."""
    monkeypatch.setattr(background, "CANCEL_AGAIN_SECONDS", 0.02)

    async def stubborn() -> None:
        await _swallows_once()
        await asyncio.sleep(60)

    async with asyncio.timeout(5):
        async with Background() as owner:
            tasks = [owner.start(stubborn(), name="stubborn"), owner.start(_lost_when_cancelled(), name="lost")]
            await asyncio.sleep(0)

    assert all(task.done() for task in tasks)


async def test_whoever_is_cancelled_again_while_it_ends_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of an owner within another takes longer to end than the outer one waits before it cancels again."""
    monkeypatch.setattr(background, "CANCEL_AGAIN_SECONDS", 0.02)
    stop, ended = asyncio.Event(), asyncio.Event()

    async def ends_slowly() -> None:
        for _ in range(5):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        ended.set()

    async def owner() -> None:
        async with Background() as owned:
            owned.start(ends_slowly(), name="slow")
            stop.set()
            await asyncio.sleep(60)

    async with asyncio.timeout(5):
        assert not await run_until(stop, owner())

    assert ended.is_set()


async def test_a_task_that_failed_by_itself_is_heard_of() -> None:
    """The owner tells of it at once, and raises it when it is left; what fails while it ends is no failure."""

    async def fail() -> None:
        raise ValueError("a bug")

    async def own() -> None:
        async with Background() as owner:
            owner.start(_lost_when_cancelled(), name="innocent")
            owner.start(fail(), name="faulty")
            assert str(await owner.failure()) == "a bug"

    with pytest.raises(ValueError, match="a bug"):
        await own()


async def test_the_owners_own_error_is_not_replaced() -> None:
    """An error of the block itself is raised, not that of a task which failed beside it."""

    async def fail() -> None:
        raise ValueError("a bug")

    async def own() -> None:
        async with Background() as owner:
            owner.start(fail(), name="faulty")
            await owner.failure()
            raise KeyError("the block's own")

    with pytest.raises(KeyError):
        await own()


async def test_ending_ended_tasks_is_nothing() -> None:
    """Tasks that have ended already, also by failing, need no wait."""
    done = asyncio.create_task(asyncio.sleep(0))
    await done

    await asyncio.wait_for(cancel_and_wait([done]), 1)


async def test_nothing_can_be_started_when_all_has_to_end() -> None:
    """A task that would outlive its owner is refused."""
    owner = Background()
    async with owner:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="late"):
        owner.start(_swallows_once(), name="late")


async def test_work_that_ends_before_the_event_has_ended() -> None:
    """`run_until` returns once the work is done, and nothing of it waits on."""
    event = asyncio.Event()

    ended = await asyncio.wait_for(run_until(event, asyncio.sleep(0)), 5)

    assert (ended, asyncio.all_tasks()) == (True, {asyncio.current_task()})


async def test_the_event_ends_the_work() -> None:
    """What still runs when the event is set is cancelled, and has ended when `run_until` returns."""
    event, cleaned_up = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            event.set()
            await asyncio.Future()
        finally:
            await asyncio.sleep(0)
            cleaned_up.set()

    ended = await asyncio.wait_for(run_until(event, work()), 5)

    assert (ended, cleaned_up.is_set()) == (False, True)


async def test_the_work_s_own_error_is_raised() -> None:
    """`run_until` does not take a failure for an end."""

    async def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await run_until(asyncio.Event(), work())


async def test_work_that_does_not_end_is_left_behind() -> None:
    """Whoever waits for it is told in time, and it counts until it has ended."""
    left, end = LeftBehind(), asyncio.Event()

    async def stubborn() -> None:
        while not end.is_set():
            with suppress(asyncio.CancelledError):
                await end.wait()

    with pytest.raises(TimeoutError):
        await left.result(stubborn(), 0.01)

    assert len(left) == 1
    end.set()
    await asyncio.sleep(0.01)
    assert len(left) == 0


async def test_work_that_cancels_itself_is_not_its_callers_end() -> None:
    """It is an error as any other."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(RuntimeError, match="cancelled itself"):
        await LeftBehind().result(cancelled(), 1)
