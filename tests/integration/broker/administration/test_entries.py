"""`tail` follows the stream without taking anything from it."""

import asyncio
from contextlib import aclosing

from salesloft_webhooks.broker.administration.entries import tail
from tests.support.broker_driver import Driven


async def test_the_latest_come_first_then_the_new_ones(driven: Driven) -> None:
    """Earlier entries in their order, then whatever is stored, from every partition."""
    for number in range(6):
        await driven.publish(f"old-{number}")
        await asyncio.sleep(0.002)
    seen = []

    async with aclosing(tail(driven.store, last=3, poll_seconds=0.05)) as entries:
        for number in range(6):
            seen.append((await anext(entries)).event_id)
            if number >= 2:
                await driven.publish(f"new-{number - 2}")

    assert seen == ["old-3", "old-4", "old-5", "new-0", "new-1", "new-2"]


async def test_following_takes_nothing(driven: Driven) -> None:
    """A group still gets what somebody has looked at."""
    group = await driven.group()
    await driven.publish("e1")

    async with aclosing(tail(driven.store)) as entries:
        await anext(entries)

    assert await driven.handle(group) == ["e1"]


async def test_an_empty_stream_can_be_followed(driven: Driven) -> None:
    """The very first entry is met, too."""
    async with aclosing(tail(driven.store, poll_seconds=0.05)) as entries:
        first = asyncio.ensure_future(anext(entries))
        await asyncio.sleep(0.1)
        await driven.publish("e1")

        assert (await asyncio.wait_for(first, 5.0)).event_id == "e1"
