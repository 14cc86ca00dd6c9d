"""An open store on an empty real server of each engine, and clusters of each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.broker_bench import Bench, open_bench
from tests.support.clusters import started_cluster
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


@pytest.fixture(params=["valkey", "redis"])
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Server]]:
    """Three primaries that share the slots."""
    if request.param not in engines():
        pytest.skip("redis-server is not installed: this machine tests Valkey only")
    with started_cluster(tmp_path, engine=request.param) as nodes:
        yield nodes
