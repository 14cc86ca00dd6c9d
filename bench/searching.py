"""A search that finds nothing, over and over, in the store that ``REDIS_URL`` names: until it is killed."""

import asyncio

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.search import search
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.settings import Settings

TEXT = "nobody@example.com"


async def main() -> None:
    """Search."""
    async with open_store(Settings.load()) as opened:
        while True:
            async for _ in search(opened, Query(contains=TEXT)):
                pass


if __name__ == "__main__":
    asyncio.run(main())
