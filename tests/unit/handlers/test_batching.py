"""Concurrent writes are bundled; each caller learns of its own item."""

import asyncio
import gc
import weakref
from collections.abc import Sequence

import pytest

from salesloft_webhooks.handlers.batching import Batcher, Outcomes


class Writer:
    """Records batches; odd items fail; waits for `gate` before each batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()

    async def write(self, items: Sequence[int]) -> Outcomes:
        """Fail the odd ones."""
        await self.gate.wait()
        self.batches.append(list(items))
        return [ValueError(item) if item % 2 else None for item in items]


async def settle(tasks: Sequence[asyncio.Task[None]]) -> list[object]:
    """Results or errors, within a second."""
    return list(await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1))


async def test_what_comes_during_a_write_goes_into_the_next_one() -> None:
    """The first item is written alone, the others together, in the order they came and within the limit."""
    writer = Writer()
    coalescer = Batcher(writer.write, limit=3)
    tasks = [asyncio.create_task(coalescer.write(item)) for item in (0, 2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(coalescer.write(item)) for item in (4, 6, 8, 10)]
    await asyncio.sleep(0)

    writer.gate.set()
    await settle(tasks)

    assert writer.batches == [[0, 2], [4, 6, 8], [10]]


async def test_an_item_fails_only_its_own_caller() -> None:
    """Of three items the odd one raises, the others return."""
    writer = Writer()
    writer.gate.set()
    coalescer = Batcher(writer.write, limit=10)

    outcomes = await settle([asyncio.create_task(coalescer.write(item)) for item in (0, 1, 2)])

    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]


async def test_a_write_that_raises_fails_the_batch_and_not_the_next() -> None:
    """After a failed batch the coalescer goes on."""
    broken = True

    async def write(items: Sequence[int]) -> Outcomes:
        if broken:
            raise OSError("broken")
        return [None] * len(items)

    coalescer = Batcher(write, limit=10)
    with pytest.raises(OSError, match="broken"):
        await coalescer.write(0)

    broken = False
    await coalescer.write(1)


async def test_a_writer_that_answers_for_too_few_items_leaves_nobody_waiting() -> None:
    """A mistake in a back end is an error of every caller, not a wait without end."""

    async def write(_items: Sequence[int]) -> Outcomes:
        return []

    with pytest.raises(ValueError, match="zip"):
        await asyncio.wait_for(Batcher(write, limit=10).write(0), 1)


async def test_a_cancelled_caller_takes_its_waiting_item_back() -> None:
    """An attempt that timed out before its turn leaves no effect."""
    writer = Writer()
    coalescer = Batcher(writer.write, limit=10)
    first = asyncio.create_task(coalescer.write(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.create_task(coalescer.write(2))
    await asyncio.sleep(0)

    second.cancel()
    writer.gate.set()
    await settle([first, second])

    assert writer.batches == [[0]]


async def test_a_failure_is_freed_with_its_caller() -> None:
    """Nothing of it waits for the collector: its frames hold events with their bodies."""
    gc.collect()
    gc.disable()
    try:
        batcher = Batcher(refuse, limit=3)
        with pytest.raises(ValueError, match="refused") as raised:
            await batcher.write(1)
        left = weakref.ref(raised.value)
        del raised
        await asyncio.sleep(0)
        assert left() is None
    finally:
        gc.enable()


class Refused(ValueError):
    """One that can be looked at from afar."""


async def refuse(_: Sequence[int]) -> Outcomes:
    """Write nothing."""
    return [Refused("refused")]


async def test_several_items_of_one_caller_are_each_answered_in_their_order() -> None:
    """They are written beside those of others, in as many batches as it takes, and the odd ones fail alone."""
    writer = Writer()
    writer.gate.set()
    coalescer = Batcher(writer.write, limit=2)
    other = asyncio.create_task(coalescer.write(8))

    outcomes = await asyncio.wait_for(coalescer.write_all([0, 1, 2]), 1)
    await settle([other])

    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
    assert sorted(item for batch in writer.batches for item in batch) == [0, 1, 2, 8]
    assert max(map(len, writer.batches)) == 2


async def test_who_gives_up_several_items_leaves_at_once_and_takes_back_what_waits() -> None:
    """A write under way goes on to its end without them; what had not begun is never written."""
    writer = Writer()
    coalescer = Batcher(writer.write, limit=2)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(coalescer.write_all([1, 3, 4, 6]), 0.05)
    writer.gate.set()
    await asyncio.wait_for(coalescer.write(8), 1)

    assert writer.batches == [[1, 3], [8]]


async def test_the_first_waits_for_others_no_longer_than_it_is_told() -> None:
    """What comes within the wait is written together, and what comes later by itself."""
    writer = Writer()
    writer.gate.set()
    batcher = Batcher(writer.write, limit=10, wait_seconds=0.05, full_at_once=True)
    tasks = [asyncio.create_task(batcher.write(item)) for item in (0, 2)]
    await asyncio.sleep(0.01)
    tasks.append(asyncio.create_task(batcher.write(4)))
    await asyncio.sleep(0)
    assert writer.batches == []
    await settle(tasks)

    await settle([asyncio.create_task(batcher.write(6))])

    assert writer.batches == [[0, 2, 4], [6]]


async def test_a_full_batch_waits_neither_for_time_nor_for_another() -> None:
    """Two full ones are under way at once, long before the wait is over."""
    writer = Writer()
    batcher = Batcher(writer.write, limit=2, wait_seconds=60, full_at_once=True)
    tasks = [asyncio.create_task(batcher.write(item)) for item in (0, 2, 4, 6)]
    await asyncio.sleep(0)

    writer.gate.set()
    await settle(tasks)

    assert writer.batches == [[0, 2], [4, 6]]


async def test_who_is_cancelled_while_waiting_for_company_leaves_the_time_to_others() -> None:
    """The wait counts from the first that is still there, and an item that was taken back is not written."""
    writer = Writer()
    writer.gate.set()
    batcher = Batcher(writer.write, limit=10, wait_seconds=0.05, full_at_once=True)
    gone = asyncio.create_task(batcher.write(0))
    await asyncio.sleep(0.03)
    stays = asyncio.create_task(batcher.write(2))
    await asyncio.sleep(0)

    gone.cancel()
    await asyncio.sleep(0.03)
    assert writer.batches == []
    await settle([stays])

    assert writer.batches == [[2]]


async def test_nobody_waits_for_company_any_more() -> None:
    """After `wait_no_more` the part-full batch is written at once, and so is what comes then."""
    writer = Writer()
    writer.gate.set()
    batcher = Batcher(writer.write, limit=10, wait_seconds=60, full_at_once=True)
    waiting = asyncio.create_task(batcher.write(0))
    await asyncio.sleep(0)

    batcher.wait_no_more()
    await settle([waiting])
    await settle([asyncio.create_task(batcher.write(2))])

    assert writer.batches == [[0], [2]]
