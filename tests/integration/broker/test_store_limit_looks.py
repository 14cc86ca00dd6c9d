"""Looks at a store with limits of ours: what goes by which of them, and what a look that fails says."""

from typing import Any

import pytest

from salesloft_webhooks.broker import StoreWatch
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.errors import StoreUnavailable
from tests.integration.broker.test_memory_bounds import finish
from tests.integration.broker.test_store_limit import GIB, bounds, fill, settings, used
from tests.support.broker_bench import STREAM, open_bench
from tests.support.publish_observers import Recorder
from tests.support.servers import Server


async def test_a_stream_over_its_own_limit_loses_little_beside_a_large_one_of_the_server(small: Server) -> None:
    """What goes beyond the excess is a part of the limit that is exceeded, and not of the other."""
    async with open_bench(small) as bench:
        group = await bench.group()
        await fill(bench, 2_000)
        await finish(group, 2_000)
        own = int(bench.redis.memory_usage(STREAM)) - 10_000

        room = await bounds(bench, 8 * GIB, history_max_bytes=own).keep()

        assert 0 < room.entries < 300


async def test_a_look_that_fails_lifts_no_refusal(small: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither does one by a user who may not look for records: nobody knows then that there is room."""
    usual = Store.run
    async with open_bench(small) as bench:
        await bench.group(lease_seconds=60)
        await fill(bench, 500)
        some = settings(used(bench) - 1, readiness_grace_seconds=0)
        async with StoreWatch(bench.store, some, Recorder()) as watch:
            await watch._look()
            assert (watch.full is not None, watch.problem) == (True, None)
            for name in ("make_room", "forget_records"):

                async def run(self: Store, script: str, *more: Any, failing: str = name) -> Any:
                    if script == failing:
                        raise StoreUnavailable("away")
                    return await usual(self, script, *more)

                monkeypatch.setattr(Store, "run", run)
                await watch._look()
                assert (name, watch.full is not None, watch.problem) == (name, True, None)
