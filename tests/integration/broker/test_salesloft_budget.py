"""SalesLoft's rate limit in the store, for all processes of an installation."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE

import pytest

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.salesloft_budget import SharedBudget
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server

PROGRAM = """
import asyncio, sys
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.salesloft_budget import SharedBudget
from salesloft_webhooks.settings import Settings

async def main() -> None:
    async with open_store(Settings.load(redis_url=sys.argv[1])) as store:
        budget, granted = SharedBudget(store, per_minute=100), {}
        for _ in range(150):
            wait, minute = await budget.reserve(1, 20)
            if not wait:
                granted[minute] = granted.get(minute, 0) + 1
        print(granted)

asyncio.run(main())
"""


async def middle_of_a_minute(server: Server) -> None:
    """Wait until a test's few seconds cannot fall into two minutes of the server's clock."""
    with server.client() as client:
        second = client.time()[0] % 60
    if second > 45:
        await asyncio.sleep(61 - second)


async def test_two_processes_share_one_minute(server: Server) -> None:
    """Together they are given what there is above the floor, to the unit, and no more."""
    await middle_of_a_minute(server)
    both = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, server.url, stdout=PIPE) for _ in range(2)
    ]

    said = [(await process.communicate())[0].decode() for process in both]

    granted: dict[int, int] = {}
    for each in said:
        for minute, count in dict(eval(each)).items():  # noqa: S307 - our own program's output
            granted[minute] = granted.get(minute, 0) + count
    assert max(granted.values()) == 80
    with server.client() as client:
        assert 0 < client.pttl("sl:salesloft:budget") <= 120_000


async def test_what_salesloft_says_counts_for_everybody(server: Server) -> None:
    """One process learns from an answer that others of the team were busy: all of ours stop."""
    await middle_of_a_minute(server)
    async with open_store(Settings.load(redis_url=server.url)) as store:
        one, other = SharedBudget(store, per_minute=600), SharedBudget(store, per_minute=600)
        _, minute = await one.reserve(1, 0)

        await one.report(minute, 5)
        await one.report(minute, None)

        assert (await other.reserve(5, 0))[0] == 0.0
        wait, _ = await other.reserve(1, 0)
        assert 0 < wait <= 60.0


async def test_being_told_to_wait_counts_for_everybody(server: Server) -> None:
    """A Retry-After is kept as long as it says, also when that is longer than the key usually lives."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        one, other = SharedBudget(store, per_minute=600), SharedBudget(store, per_minute=600)
        _, minute = await one.reserve(1, 0)

        await one.report(minute, 500, blocked_seconds=300.0)

        wait, _ = await other.reserve(1, 0)
        assert 290 < wait <= 300
        with server.client() as client:
            assert client.pttl("sl:salesloft:budget") > 290_000


async def test_a_new_minute_is_whole_again(server: Server) -> None:
    """What another minute left is forgotten; an answer of that minute says nothing about this one."""
    async with open_store(Settings.load(redis_url=server.url)) as store:
        budget = SharedBudget(store, per_minute=10)
        with server.client() as client:
            past = int(time.time() // 60) - 5
            client.hset("sl:salesloft:budget", mapping={"minute": past, "remaining": 0, "blocked": 0})

        wait, minute = await budget.reserve(1, 0)
        await budget.report(minute - 1, 0)

        assert wait == 0.0
        assert minute > past
        assert (await budget.reserve(9, 0))[0] == 0.0


async def test_a_store_that_is_away_says_so() -> None:
    """The caller decides what to do without it."""
    async with open_store(Settings.load(redis_url="redis://127.0.0.1:1")) as store:
        with pytest.raises(StoreUnavailable):
            await SharedBudget(store, per_minute=1).reserve(1, 0)
