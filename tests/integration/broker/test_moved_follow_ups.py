"""Follow-ups of people whose partition has changed, because the number of partitions was raised while they waited."""

from typing import Any

import pytest

from salesloft_webhooks.broker import FollowUps, Group, Lease, decide_partitions
from salesloft_webhooks.broker.administration.waiting_follow_ups import waiting_follow_ups
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.follow_ups import Wanted, id_of
from tests.support.broker_bench import Bench, open_bench
from tests.support.servers import Server

MOVED = next(name for name in (f"person:{n}" for n in range(50)) if partition_of(name, 2) == 1)
"""Of one partition she was in the first, of two she is in the second."""


async def leased(bench: Bench, group: Group, event_id: str, partition: int) -> Lease:
    """An event of hers, taken in a partition."""
    await bench.publish(event_id, key=MOVED)
    (lease,) = (await group.take(partition, 1)).leases
    return lease


async def ask(bench: Bench, group: Group, lease: Lease, after: float = 0.0) -> FollowUps:
    """Ask by the key `k`."""
    follow_ups = FollowUps(bench.store, group.options)
    await follow_ups.ask(lease, await follow_ups.act(lease, Wanted("k", after, "", b"", on_done=False)))
    return follow_ups


def waiting(redis: Any, partition: int) -> list[str]:
    """The ids that wait in a partition."""
    found: list[str] = redis.zrange(f"sl:{{{partition}}}:g:crm:later", 0, -1)
    return found


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


async def test_what_is_due_begins_where_its_person_is_now(asked_before: Any) -> None:
    """It becomes an entry of her new partition, in her lane there; it is never in both, however often it is moved."""
    _, after, group = asked_before
    follow_ups = FollowUps(after.store, group.options)

    first = await follow_ups.begin(0)
    assert (first.late_seconds, first.next_seconds) == ((), {1: 0.0})
    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [id_of("crm", "e1", "k")])
    second = await follow_ups.begin(1)
    (lease,) = (await group.take(1, 10)).leases

    assert len(second.late_seconds) == 1
    assert lease.event.follow_up is not None
    assert lease.event.follow_up.event_id == "e1"
    assert (await follow_ups.begin(0)).late_seconds == (await follow_ups.begin(1)).late_seconds == ()


async def test_a_later_event_cancels_it_wherever_it_is(asked_before: Any) -> None:
    """From the new partition it is found in the old one; a mover that had read it before brings nothing back."""
    _, after, group = asked_before
    follow_ups = FollowUps(after.store, group.options)
    (row,) = [row async for _, row in waiting_follow_ups(after.store, 0)]
    ended = await follow_ups.end_by_key(await leased(after, group, "e2", 1), "k")

    await follow_ups._move(row, 0, 1)

    assert ended.found
    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [])
    assert (await follow_ups.begin(1)).late_seconds == ()


async def test_a_later_event_replaces_it(asked_before: Any) -> None:
    """By the same key one waits: the later one, in the partition of its event."""
    _, after, group = asked_before

    await ask(after, group, await leased(after, group, "e2", 1), 60)

    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [id_of("crm", "e2", "k")])


async def test_an_older_one_that_is_moved_yields_to_a_later_one(asked_before: Any) -> None:
    """When the replacing worker died before it emptied the old place, moving the old one there ends it."""
    _, after, group = asked_before
    follow_ups = FollowUps(after.store, group.options)
    lease = await leased(after, group, "e2", 1)
    act = await follow_ups.act(lease, Wanted("k", 60, "", b"", on_done=False))
    await follow_ups._ask(1, "e2", act)

    await follow_ups.begin(0)

    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [id_of("crm", "e2", "k")])


async def test_who_does_not_know_of_the_raise_begins_nothing(asked_before: Any) -> None:
    """A worker that works with the earlier number leaves what waits as it is."""
    before, after, group = asked_before
    before.store.partitions, before.store.earlier = 1, ()

    begun = await FollowUps(before.store, group.options).begin(0)

    assert (begun.late_seconds, begun.held_back) == ((), True)
    assert waiting(after.redis, 0) == [id_of("crm", "e1", "k")]
