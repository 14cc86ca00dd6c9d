"""ConcurrencyLimit: shared by ordinary attempts, or all for one."""

import asyncio

import pytest

from salesloft_webhooks.worker.concurrency_limit import ConcurrencyLimit


async def test_reserving_takes_all_that_is_free() -> None:
    """A reservation holds every free slot; the next one waits until something is given back."""
    slots = ConcurrencyLimit(3)
    assert await slots.reserve() == 3

    waiting = asyncio.create_task(slots.reserve())
    await asyncio.sleep(0)
    assert not waiting.done()
    slots.release(2)

    assert await waiting == 2


async def test_whoever_wants_all_is_served_first() -> None:
    """While somebody waits for all slots nobody else gets any, so it cannot wait for ever under load."""
    slots = ConcurrencyLimit(2)
    await slots.reserve()
    order: list[str] = []

    async def alone() -> None:
        async with slots.exclusive():
            order.append("alone")
            assert slots.free == 0

    async def ordinary() -> None:
        order.append(f"ordinary {await slots.reserve()}")

    tasks = [asyncio.create_task(alone()), asyncio.create_task(ordinary())]
    await asyncio.sleep(0)
    slots.release(1)
    await asyncio.sleep(0.01)
    assert order == []
    slots.release(1)
    await asyncio.gather(*tasks)

    assert order == ["alone", "ordinary 2"]


async def test_a_failure_while_alone_gives_the_slots_back() -> None:
    """An error inside `all` leaves the slots usable."""
    slots = ConcurrencyLimit(2)
    with pytest.raises(ZeroDivisionError):
        async with slots.exclusive():
            _ = 1 / 0

    assert await asyncio.wait_for(slots.reserve(), 1) == 2


async def test_spare_slots_are_those_that_nobody_waits_for() -> None:
    """As many as are free and wanted; none while somebody waits for a slot, or for all; what is left is given back."""
    slots = ConcurrencyLimit(3)
    with slots.spare(2) as held:
        assert (held.free, slots.free) == (2, 1)
        held.free -= 1
    assert slots.free == 2

    async with slots.exclusive(0.01):
        with slots.spare(1) as held:
            assert held.free == 0
    taken = await slots.reserve()
    waiting = asyncio.create_task(slots.reserve())
    await asyncio.sleep(0)
    slots.free += 1  # given back, and not noticed yet by who waits
    with slots.spare(1) as held:
        assert held.free == 0

    slots.release(taken)
    assert await waiting == taken + 1


async def test_whoever_wants_all_slots_is_not_kept_waiting_by_spare_ones() -> None:
    """While somebody waits for all slots, none is spare: what is handed over would keep isolated entries waiting."""
    slots = ConcurrencyLimit(2)
    await slots.reserve(1)

    async def alone() -> None:
        async with slots.exclusive():
            pass

    task = asyncio.create_task(alone())
    await asyncio.sleep(0)
    with slots.spare(1) as held:
        assert held.free == 0
    slots.release()
    await task
