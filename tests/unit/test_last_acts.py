"""What a task still does when it is cancelled is done to its end, and for no longer than it may take."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import pytest

from salesloft_webhooks.last_acts import last_act


class Lease:
    """Something to give back."""

    def __init__(self) -> None:
        self.returning, self.returned = asyncio.Event(), asyncio.Event()

    async def give_back(self) -> None:
        """It takes a while, in which the task may be cancelled again."""
        self.returning.set()
        await asyncio.sleep(0.05)
        self.returned.set()

    async def refuse(self) -> None:
        """The other side says no."""
        self.returning.set()
        await asyncio.sleep(0.05)
        raise ConnectionError

    async def hang(self) -> None:
        """Nobody answers."""
        self.returning.set()
        await asyncio.sleep(60)


async def _holding(work: Coroutine[Any, Any, None], seconds: float = 5.0) -> None:
    try:
        await asyncio.sleep(60)
    finally:
        await last_act(work, seconds)


async def _cancelled_twice(lease: Lease, work: Coroutine[Any, Any, None], seconds: float = 5.0) -> asyncio.Task[None]:
    holder = asyncio.create_task(_holding(work, seconds))
    await asyncio.sleep(0)
    holder.cancel()
    await lease.returning.wait()
    holder.cancel()
    await asyncio.wait({holder}, timeout=5)
    return holder


async def test_a_second_cancellation_does_not_cut_it_off() -> None:
    """Who is cancelled again while a lease is given back has given it back, and is cancelled."""
    lease = Lease()

    holder = await _cancelled_twice(lease, lease.give_back())

    assert lease.returned.is_set()
    assert holder.cancelled()


async def test_its_error_is_not_left_unheard() -> None:
    """Cancelled again, and refused besides: the cancellation is what is raised, and asyncio has nothing to report."""
    lease = Lease()
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    holder = await _cancelled_twice(lease, lease.refuse())

    assert holder.cancelled()
    del holder
    gc.collect()
    assert reported == []


async def test_it_takes_no_longer_than_it_may() -> None:
    """What nobody answers is given up, and nothing of it runs on, however often the task is cancelled."""
    lease = Lease()
    before = asyncio.all_tasks()

    holder = await _cancelled_twice(lease, lease.hang(), seconds=0.1)

    assert holder.cancelled()
    assert asyncio.all_tasks() == before


async def test_who_is_not_cancelled_again_learns_of_everything() -> None:
    """Errors and time-outs reach the caller."""
    lease = Lease()

    with pytest.raises(ConnectionError):
        await last_act(lease.refuse(), 5)
    with pytest.raises(TimeoutError):
        await last_act(lease.hang(), 0.05)
