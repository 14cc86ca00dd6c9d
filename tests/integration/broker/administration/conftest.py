"""A store of three partitions on each engine: sums and merges over partitions are never the sum of one."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven
from tests.support.servers import Server


@pytest.fixture
async def driven(server: Server) -> AsyncIterator[Driven]:
    """An empty pipeline of three partitions."""
    settings = Settings.load(redis_url=SecretStr(server.url), partitions=3)
    async with open_store(settings) as store:
        yield Driven(store, settings, server)
