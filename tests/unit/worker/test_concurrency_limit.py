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


@pytest.mark.parametrize(
    ("total", "lasting", "portion"),
    [(200, 0, 100), (5, 0, 3), (1, 0, 1), (100, 50, 25), (100, 99, 10), (7, 7, 1)],
    ids=["quick", "quick, odd", "one slot", "half are held", "nearly all are held", "few slots"],
)
def test_a_take_asks_for_less_while_handlers_take_long(total: int, lasting: int, portion: int) -> None:
    """Half of the slots that were free when the store last answered, but no less than a tenth of all."""
    slots = ConcurrencyLimit(total)
    slots.lasting = lasting

    assert slots.portion == portion
