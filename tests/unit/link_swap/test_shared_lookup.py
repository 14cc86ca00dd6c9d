"""DNS is asked once for all who ask at the same time."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from salesloft_webhooks.handlers.outbound.public_addresses import Address
from salesloft_webhooks.link_swap.shared_lookup import SharedLookup

FOUND = [ip_address("192.0.2.1")]


class Resolver:
    """A name server that answers when it is told to."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.asked: list[tuple[str, int]] = []
        self.broken = False

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """Its answer, when there is one."""
        self.asked.append((host, port))
        await self.answers.wait()
        if self.broken:
            raise OSError("no such host")
        return FOUND


async def test_a_resolver_that_hangs_is_asked_once() -> None:
    """However many wait for it and are cancelled; whoever still waits gets its answer, and the next asks anew."""
    resolver = Resolver()
    lookup = SharedLookup(resolver)
    for _cancelled in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(lookup("swap.example", 443), 0.01)
    waiting = asyncio.create_task(lookup("swap.example", 443))
    await asyncio.sleep(0)
    assert resolver.asked == [("swap.example", 443)]

    resolver.answers.set()

    assert await waiting == FOUND
    assert await lookup("swap.example", 443) == FOUND
    assert len(resolver.asked) == 2


async def test_another_name_is_another_question() -> None:
    """Nobody gets the addresses of what was not asked for."""
    resolver = Resolver()
    resolver.answers.set()
    lookup = SharedLookup(resolver)

    await asyncio.gather(lookup("swap.example", 443), lookup("other.example", 443), lookup("swap.example", 80))

    assert sorted(resolver.asked) == [("other.example", 443), ("swap.example", 80), ("swap.example", 443)]


async def test_what_nobody_waits_for_any_more_may_fail() -> None:
    """Who waits is told; nobody is told of an error that nobody has seen."""
    resolver = Resolver()
    resolver.broken = True
    lookup = SharedLookup(resolver)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lookup("swap.example", 443), 0.01)
    resolver.answers.set()
    await asyncio.sleep(0.01)

    with pytest.raises(OSError, match="no such host"):
        await lookup("swap.example", 443)

    assert len(resolver.asked) == 2
