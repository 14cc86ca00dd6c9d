"""Two processes ask SalesLoft's API as fast as they can: together they stay below the team's rate limit."""

import asyncio
import sys
from asyncio.subprocess import PIPE

from salesloft_webhooks.simulator.platform import Behaviour, SimulatedPlatform
from tests.support.servers import Server

TOKEN = "an-invented-api-token"
PROGRAM = """
import asyncio, sys
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.salesloft_budget import SharedBudget
from salesloft_webhooks.errors import SalesloftBudgetSpent
from salesloft_webhooks.salesloft import LISTS, Patience, open_salesloft
from salesloft_webhooks.settings import Settings

async def main() -> None:
    redis_url, api_url, token = sys.argv[1:]
    settings = Settings.load(redis_url=redis_url, salesloft_api_url=api_url, salesloft_api_token=token)
    async with open_store(settings) as store:
        shared = SharedBudget(store, per_minute=100)
        async with open_salesloft(settings, shared, Patience(waiting_seconds=0.0, floor=10)) as salesloft:
            for sent in range(200):
                try:
                    await salesloft.lists.page(LISTS["people"])
                except SalesloftBudgetSpent:
                    break
    print(sent)

asyncio.run(main())
"""


async def test_salesloft_never_has_to_refuse(valkey: Server) -> None:
    """What is left for others is left, to the unit, and no request is answered 429."""
    with valkey.client() as client:
        second = client.time()[0] % 60
    if second > 40:  # else the requests of a second could fall into two minutes
        await asyncio.sleep(61 - second)
    async with SimulatedPlatform(Behaviour(per_minute=100)) as platform:
        platform.access.allow(TOKEN)
        command = (sys.executable, "-c", PROGRAM, valkey.url, platform.url, TOKEN)
        both = [await asyncio.create_subprocess_exec(*command, stdout=PIPE) for _ in range(2)]

        sent = [int((await process.communicate())[0]) for process in both]

    assert sum(sent) == platform.rate_limit.spent == 90
    assert platform.rate_limit.refused == 0
    assert platform.rate_limit.left == 10
