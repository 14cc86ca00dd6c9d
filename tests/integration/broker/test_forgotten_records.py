"""When no history is left to make room, records of ids go: which ones, and which ones never."""

import pytest

from salesloft_webhooks.broker import Outcome, Settlement, Stored
from tests.integration.broker.test_memory_bounds import bounds, event, finish, ids, limit_memory
from tests.support.broker_bench import open_bench, take
from tests.support.servers import Server


async def test_records_go_when_no_history_is_left(small: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only then, only those of events that have gone and without a dead letter, and it is reported."""
    monkeypatch.setattr("salesloft_webhooks.broker.memory_bounds.YOUNGEST_RECORD_SECONDS", 0.0)
    async with open_bench(small) as bench:
        group = await bench.group()
        for number in range(1_200):
            await bench.publisher.publish(event(number))
        (dead,) = await take(group, 1)
        await group.settle(0, [Settlement(dead, Outcome.DEAD, 0, "permanent", "boom")])
        await finish(group, 999)
        limit_memory(bench, 0)
        keeper = bounds(small, bench, history_memory_share=0.01, idempotency_ttl_seconds=86_400)

        first = await keeper.keep()
        keeper._record_age = 0.0
        second = await keeper.keep()

        assert (first.records, first.entries > 900, second.entries) == (0, True, 0)
        assert second.records > 900
        assert bench.redis.exists("sl:{0}:event:e0") == 1
        assert all(bench.record(f"e{number}") for number in range(1_000, 1_200))
        assert bench.recorder.room[-1] == (0, second.records)
        assert len(await take(group, 500)) == 200


@pytest.mark.parametrize("store_format", [1, 2])
async def test_the_record_of_an_event_that_is_to_be_handled_again_stays(
    small: Server, store_format: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first entry is gone, its redrive waits: when its sender repeats it, it is known."""
    monkeypatch.setattr("salesloft_webhooks.broker.memory_bounds.YOUNGEST_RECORD_SECONDS", 0.0)
    async with open_bench(small, store_format=store_format) as bench:
        group = await bench.group()
        for number in range(300):
            await bench.publisher.publish(event(number))
        (dead,) = await take(group, 1)
        await group.settle(0, [Settlement(dead, Outcome.DEAD, 0, "permanent", "boom")])
        await finish(group, 299)
        ((letter, _),) = bench.redis.xrange("sl:{0}:g:crm:dead")
        await bench.store.run("redrive", 0, ["crm", 86_400, "", "", "", 0, letter])
        limit_memory(bench, 0)
        keeper = bounds(small, bench, history_memory_share=0.01, idempotency_ttl_seconds=86_400)
        await keeper.keep()
        keeper._record_age = 0.0

        assert (await keeper.keep()).records > 200

        bench.redis.config_set("maxmemory", 0)
        assert ids(bench)[-1] == "e0"
        assert await bench.publisher.publish(event(0)) is Stored.DUPLICATE


async def test_young_records_stay(small: Server) -> None:
    """However full the server is: what was just accepted is recognised when it is delivered again."""
    async with open_bench(small) as bench:
        group = await bench.group()
        for number in range(300):
            await bench.publisher.publish(event(number))
        await finish(group, 300)
        limit_memory(bench, 0)
        keeper = bounds(small, bench, history_memory_share=0.01)

        for _ in range(40):
            await keeper.keep()

        assert all(bench.record(f"e{number}") for number in range(300))
