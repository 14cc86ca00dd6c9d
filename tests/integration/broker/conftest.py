"""An open store on an empty real server of each engine."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.broker_bench import Bench, open_bench
from tests.support.servers import Server, engines


@pytest.fixture
async def bench(server: Server) -> AsyncIterator[Bench]:
    """On both engines."""
    async with open_bench(server) as opened:
        yield opened


@pytest.fixture(params=engines())
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, whose memory a test may limit."""
    server = Server(engines()[request.param], tmp_path, {"maxmemory-policy": "noeviction"}).start()
    yield server
    server.stop(kill=True)
