"""What other people's hands leave in our hashes, or cut off there, stops nobody's events."""

import pytest
import redis

from salesloft_webhooks.broker import Group, Outcome, Settled, Stored, attend, audit
from tests.integration.broker.test_memory_bounds import bounds, event, finish, limit_memory
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.servers import Server


def leave_fields(bench: Bench) -> None:
    """A field of nobody's in every hash."""
    for key in list(bench.redis.scan_iter(count=1_000, _type="hash")):
        bench.redis.hset(key, "x", "nonsense")


async def handled(bench: Bench, group: Group, name: str) -> Settled:
    """Store an event, and finish it."""
    assert await bench.publish(name) is Stored.NEW
    (lease,) = await take(group)
    return await settle(group, lease, Outcome.DONE)


async def test_fields_of_others_stop_no_event(bench: Bench) -> None:
    """Events are stored, known, handled and shown as before."""
    group = await bench.group()
    await handled(bench, group, "before")
    leave_fields(bench)

    assert await handled(bench, group, "after") is Settled.SETTLED
    assert await bench.publish("before") is Stored.DUPLICATE
    assert {bench.record(name)["crm"] for name in ("before", "after")} == {"done"}


@pytest.mark.parametrize("name", ["due", "isolated", "unhandled:person.created"])
async def test_members_of_others_stop_no_take(bench: Bench, name: str) -> None:
    """What stands first where entries wait and is none is passed over."""
    group = await bench.group()
    bench.redis.sadd("sl:{0}:g:crm:unhandled", "person.created")
    bench.redis.zadd(f"sl:{{0}}:g:crm:{name}", {"foreign nonsense": 1, "foreign": 2})

    assert await handled(bench, group, "after") is Settled.SETTLED
    await group.take(0, 10, alone=True)
    await group.expire_unhandled(0)
    await audit(bench.store, 0, "crm", "-", 1)
    assert await handled(bench, group, "more") is Settled.SETTLED


async def test_workers_hear_of_each_other_beside_fields_of_others(bench: Bench) -> None:
    """A field in the layout that is no number of partitions says nothing about places."""
    group = await bench.group()
    bench.redis.hset("sl:{0}:layout", mapping={"partitions": "1", "x": "nonsense"})
    bench.store.asked = True

    assert (await attend(bench.store, group, 60)).follows


async def test_buckets_grow_beside_fields_of_others(bench: Bench) -> None:
    """Hundreds of events more: what is no record stays where it is."""
    await bench.publish("before")
    leave_fields(bench)

    for number in range(300):
        assert await bench.publish(f"e{number}") is Stored.NEW
    assert len(list(bench.redis.scan_iter("sl:{0}:ids:*", 1_000))) > 2


async def test_a_record_that_is_cut_off_counts_as_none(server: Server) -> None:
    """Its event is stored once more when it comes again, and other events are not concerned."""
    async with open_bench(server) as bench:
        group = await bench.group()
        await handled(bench, group, "cut")
        with redis.Redis(port=server.port) as client:
            for key in client.keys("sl:{0}:ids:*"):
                client.hset(key, mapping={field: value[:1] for field, value in client.hgetall(key).items()})

        assert await handled(bench, group, "cut") is Settled.SETTLED
        assert await bench.publish("cut") is Stored.DUPLICATE


async def test_room_is_made_beside_fields_of_others(small: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of the oldest events go, and what is none stays."""
    monkeypatch.setattr("salesloft_webhooks.broker.memory_bounds.YOUNGEST_RECORD_SECONDS", 0.0)
    async with open_bench(small) as bench:
        group = await bench.group()
        for number in range(300):
            await bench.publisher.publish(event(number))
        await finish(group, 300)
        leave_fields(bench)
        limit_memory(bench, 0)
        keeper = bounds(small, bench, history_memory_share=0.01, idempotency_ttl_seconds=86_400)

        await keeper.keep()
        keeper._record_age = 0.0

        assert (await keeper.keep()).records > 200
