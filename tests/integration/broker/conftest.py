"""An open store on an empty real server of each engine, and clusters of each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.broker import decide_partitions
from tests.integration.broker.follow_up_steps import ask, leased
from tests.integration.broker.permits_model import Permits
from tests.support.broker_bench import Bench, open_bench
from tests.support.clusters import started_cluster
from tests.support.servers import NO_REDIS, Server, engines


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
        pytest.skip(NO_REDIS)
    with started_cluster(tmp_path, engine=request.param) as nodes:
        yield nodes


@pytest.fixture
def permits(server: Server) -> Iterator[Permits]:
    """Of nobody yet, on each engine."""
    with server.client() as redis:
        yield Permits(redis)


@pytest.fixture
async def asked_before(server: Server) -> Any:
    """A follow-up asked for before the raise, in her first partition; then a process that knows of the raise."""
    async with open_bench(server) as before:
        group = await before.group(lease_seconds=60)
        await decide_partitions(before.store, 1)
        await ask(before, group, await leased(before, group, "e1", 0))
        async with open_bench(server, partitions=2) as after:
            await decide_partitions(after.store, 2)
            yield before, after, await after.group(lease_seconds=60, consumer="two")
