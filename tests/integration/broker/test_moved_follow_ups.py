"""Follow-ups of people whose partition has changed, because the number of partitions was raised while they waited."""

from typing import Any

import pytest
from msgspec.structs import replace

from salesloft_webhooks.broker import FollowUps, decide_partitions
from salesloft_webhooks.broker.administration.erasure import erase_person
from salesloft_webhooks.broker.administration.waiting_follow_ups import waiting_follow_ups
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.follow_ups import Wanted, id_of
from salesloft_webhooks.settings import Settings
from tests.integration.broker.follow_up_steps import MOVED, ask, leased, waiting
from tests.support.broker_bench import open_bench
from tests.support.servers import Server


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
    await follow_ups._ask("ask", lease, act)

    await follow_ups.begin(0)

    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [id_of("crm", "e2", "k")])


async def test_who_does_not_know_of_the_raise_begins_asks_and_cancels_nothing(asked_before: Any) -> None:
    """A worker that works with the earlier number would not look where others may have moved what it means."""
    before, after, group = asked_before
    lease = await leased(after, group, "e2", 1)
    before.store.partitions, before.store.earlier = 1, ()
    follow_ups = FollowUps(before.store, group.options)
    stale = replace(lease, partition=0)

    begun = await follow_ups.begin(0)
    with pytest.raises(StoreUnavailable):
        await follow_ups.end_by_key(stale, "k")
    with pytest.raises(StoreUnavailable):
        await follow_ups.ask(stale, await follow_ups.act(lease, Wanted("k", 0.0, "", b"", on_done=False)))

    assert (begun.late_seconds, begun.held_back) == ((), True)
    assert waiting(after.redis, 0) == [id_of("crm", "e1", "k")]


async def test_what_is_moved_leaves_its_old_place_whatever_is_remembered(asked_before: Any) -> None:
    """It is moved once, although what is remembered of it has expired on the way."""
    _, after, group = asked_before
    follow_ups = FollowUps(after.store, group.options)
    after.redis.delete(f"sl:{{0}}:event:{id_of('crm', 'e1', 'k')}")

    await follow_ups.begin(0)

    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [id_of("crm", "e1", "k")])


async def test_an_erased_one_that_is_being_moved_does_not_come(asked_before: Any) -> None:
    """A mover had read it before it was erased: it waits nowhere."""
    _, after, group = asked_before
    (row,) = [row async for _, row in waiting_follow_ups(after.store, 0)]
    settings = Settings.load(redis_url="redis://127.0.0.1:1")

    erased = await erase_person(after.store, settings, MOVED.removeprefix("person:"), patience_seconds=0.1, files=False)
    await FollowUps(after.store, group.options)._move(row, 0, 1)

    assert erased.follow_ups == 1
    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [])


async def test_two_raises_that_bring_a_person_back_lose_nothing(valkey: Server) -> None:
    """It was moved away before the second raise, and has not begun there: it is moved back, and begins once."""
    back = next(f"person:{n}" for n in range(200) if homes(f"person:{n}") == (1, 0))
    async with open_bench(valkey) as one:
        group = await one.group(lease_seconds=60)
        await decide_partitions(one.store, 1)
        await one.publish("e1", key=back)
        (lease,) = (await group.take(0, 1)).leases
        await ask(one, group, lease)
        async with open_bench(valkey, partitions=2) as two:
            await decide_partitions(two.store, 2)
            await FollowUps(two.store, group.options).begin(0)
            async with open_bench(valkey, partitions=3) as three:
                await decide_partitions(three.store, 3)
                follow_ups = FollowUps(three.store, group.options)
                begun = [len((await follow_ups.begin(place)).late_seconds) for place in (1, 0, 1, 0, 2)]

                assert (begun, [waiting(three.redis, place) for place in range(3)]) == ([0, 1, 0, 0, 0], [[], [], []])


def homes(entity_key: str) -> tuple[int, int]:
    """Of two partitions, and of three."""
    return partition_of(entity_key, 2), partition_of(entity_key, 3)
