"""Many attempts share one time-out, and each has all of its own time."""

import asyncio
from contextlib import suppress

from salesloft_webhooks.handlers.time_limit import TimeLimit

SECONDS = 0.2
NEVER = 10.0


async def _attempt(limit: TimeLimit, seconds: float) -> tuple[bool, float]:
    """Whether an attempt that wants ``seconds`` took too long, and how long it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    task = limit.begin()
    too_late = False
    try:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(seconds)
    finally:
        too_late = limit.end(task)
    return too_late, loop.time() - began


async def _attempts(limit: TimeLimit, wanted: list[float], *, apart: float = 0.0) -> list[tuple[bool, float]]:
    tasks = []
    for seconds in wanted:
        tasks.append(asyncio.create_task(_attempt(limit, seconds)))
        await asyncio.sleep(apart)
    return await asyncio.gather(*tasks)


async def test_each_has_its_own_time() -> None:
    """Those that begin later end later: the shared timer is set again for each, and never early."""
    ends = await _attempts(TimeLimit(SECONDS), [NEVER] * 3, apart=SECONDS / 2)

    assert [too_late for too_late, _ in ends] == [True] * 3
    assert all(SECONDS - 0.01 <= seconds < SECONDS * 1.4 for _, seconds in ends)


async def test_who_ends_in_time_is_left_alone() -> None:
    """The time of an attempt that has ended is nobody else's: neither its task is cancelled later nor the next one."""
    limit = TimeLimit(SECONDS)

    first = await _attempt(limit, SECONDS / 2)
    ends = await _attempts(limit, [SECONDS / 2, NEVER, SECONDS / 2], apart=SECONDS / 4)
    await asyncio.sleep(SECONDS)

    assert [too_late for too_late, _ in (first, *ends)] == [False, False, True, False]


async def test_a_cancellation_by_the_limit_is_taken_back() -> None:
    """The task goes on after its attempt as one that nobody has cancelled."""

    async def run() -> int:
        await _attempt(TimeLimit(SECONDS), NEVER)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert await asyncio.create_task(run()) == 0
