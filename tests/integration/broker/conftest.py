"""An open store on an empty real server of each engine."""

from collections.abc import AsyncIterator

import pytest

from tests.support.broker_bench import Bench, open_bench
from tests.support.servers import Server


@pytest.fixture
async def bench(server: Server) -> AsyncIterator[Bench]:
    """On both engines."""
    async with open_bench(server) as opened:
        yield opened
