"""Follow-ups that are on their way to another partition while something else happens to them."""

from dataclasses import replace as replace_event
from typing import Any

import pytest
from msgspec.structs import replace

from salesloft_webhooks.broker import FollowUps, Outcome, Settlement, Store, decide_partitions
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.waiting_follow_ups import waiting_follow_ups
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.follow_ups import id_of
from tests.integration.broker.follow_up_steps import MOVED, ask, leased, waiting, wanted
from tests.support.broker_bench import open_bench
from tests.support.servers import Server

STAYS = next(name for name in (f"person:{n}" for n in range(50)) if partition_of(name, 2) == 0)
"""Of one partition and of two she is in the first."""
FIRST = id_of("crm", "e1", "k")


async def test_what_is_taken_back_and_asked_again_is_moved_and_begins(valkey: Server) -> None:
    """An event of before a raise cancels and asks again in each attempt: its follow-up begins, once."""
    async with open_bench(valkey) as one:
        await one.group(lease_seconds=60)
        await decide_partitions(one.store, 1)
        await one.publish("e1", key=MOVED)
        async with open_bench(valkey, partitions=2) as two:
            await decide_partitions(two.store, 2)
            group = await two.group(lease_seconds=60, consumer="two")
            (lease,) = (await group.take(0, 1)).leases
            follow_ups = FollowUps(two.store, group.options)
            for _ in range(2):
                await follow_ups.end_by_key(lease, "k")
                await follow_ups.ask(lease, await follow_ups.act(lease, wanted()))

            begun = [len((await follow_ups.begin(place)).late_seconds) for place in (0, 1, 0, 1)]

            assert begun == [0, 1, 0, 0]


@pytest.mark.parametrize("with_done", [False, True], ids=["at once", "with done"])
async def test_an_event_whose_follow_up_is_over_replaces_no_later_one(asked_before: Any, with_done: bool) -> None:  # noqa: FBT001
    """Handled again after a raise, it asks in vain, and what a later event has asked for goes on waiting."""
    _, after, group = asked_before
    follow_ups = FollowUps(after.store, group.options)
    for place in (0, 1):
        await follow_ups.begin(place)
    (its_own,) = (await group.take(1, 10)).leases
    await group.settle(1, [Settlement(its_own, Outcome.DONE)])
    later = await leased(after, group, "e2", 1)
    await ask(after, group, later, 60)
    again = replace(later, partition=0, event=replace_event(later.event, event_id="e1"))
    act = await follow_ups.act(again, wanted(after=60))

    if with_done:
        await follow_ups.prepare(again, act)
    else:
        assert await follow_ups.ask(again, act) == (False, None)

    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [id_of("crm", "e2", "k")])


async def two_that_are_due(one: Any) -> None:
    """A follow-up of a person who will be elsewhere, and one of a person who stays, both due."""
    group = await one.group(lease_seconds=60)
    await decide_partitions(one.store, 1)
    follow_ups = FollowUps(one.store, group.options)
    for name, key in (("moves", MOVED), ("stays", STAYS)):
        await one.publish(name, key=key)
        (lease,) = (await group.take(0, 1)).leases
        await follow_ups.ask(lease, await follow_ups.act(lease, wanted()))


async def test_a_full_server_moves_and_begins_what_waits(small: Server) -> None:
    """To move takes no room but its own: a server without memory can be emptied after a raise, too."""
    async with open_bench(small) as one:
        await two_that_are_due(one)
        async with open_bench(small, partitions=2) as two:
            await decide_partitions(two.store, 2)
            follow_ups = FollowUps(two.store, (await two.group(lease_seconds=60, consumer="two")).options)
            two.redis.config_set("maxmemory", 1)

            begun = [len((await follow_ups.begin(place)).late_seconds) for place in (0, 1)]

            assert begun == [1, 1]


async def test_one_that_cannot_be_moved_keeps_no_other_back(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server of its new partition is away it waits where it is, and is not tried again at once."""
    async with open_bench(valkey) as one:
        await two_that_are_due(one)
        async with open_bench(valkey, partitions=2) as two:
            await decide_partitions(two.store, 2)
            follow_ups = FollowUps(two.store, (await two.group(lease_seconds=60, consumer="two")).options)
            run = Store.run

            async def away(store: Store, name: str, partition: int, args: Any) -> Any:
                if partition == 1:
                    raise StoreUnavailable("the shard is away")
                return await run(store, name, partition, args)

            monkeypatch.setattr(Store, "run", away)
            begun = await follow_ups.begin(0)

            assert (len(begun.late_seconds), begun.problem) == (1, "the shard is away")
            assert 1 < begun.next_seconds[0] <= 10
            assert waiting(two.redis, 0) == [id_of("crm", "moves", "k")]


async def test_what_is_put_off_before_it_begins_waits_on(asked_before: Any) -> None:
    """Between the look at what is due and its beginning the same event asks again: it begins at the later time."""
    _, after, group = asked_before
    await after.publish("h1", key=STAYS)
    (lease,) = [one for one in (await group.take(0, 10)).leases if one.event.event_id == "h1"]
    follow_ups = FollowUps(after.store, group.options)
    await follow_ups.ask(lease, await follow_ups.act(lease, wanted()))
    found = await follow_ups._at_home(0, 0.0)
    await follow_ups.ask(lease, await follow_ups.act(lease, wanted(after=86_400)))

    _, _, late = await follow_ups._begin_later(0, ["these", 0, *found.ids])

    assert (found.ids, late) == ([id_of("crm", "h1", "k")], [])


async def test_what_is_put_off_while_it_is_moved_keeps_the_later_time(asked_before: Any) -> None:
    """A mover has read it as due; asked for again before it leaves, it begins nowhere until then."""
    _, after, group = asked_before
    follow_ups = FollowUps(after.store, group.options)
    (row,) = [row async for _, row in waiting_follow_ups(after.store, 0)]
    later = await leased(after, group, "e2", 1)
    again = replace(later, partition=0, event=replace_event(later.event, event_id="e1"))
    await follow_ups.ask(again, await follow_ups.act(again, wanted(after=86_400)))

    await follow_ups._move(row, 0, 1)

    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([FIRST], [])


async def test_a_cancellation_that_failed_half_way_holds_for_what_is_moved(asked_before: Any) -> None:
    """It had ended it in the old partition and did not reach the new one: what is moved there meanwhile ends, too."""
    _, after, group = asked_before
    follow_ups = FollowUps(after.store, group.options)
    (row,) = [row async for _, row in waiting_follow_ups(after.store, 0)]
    await follow_ups.end(0, [FIRST], "cancelled")

    await follow_ups._move(row, 0, 1)

    assert (waiting(after.redis, 0), waiting(after.redis, 1)) == ([], [])


async def test_a_moved_one_is_shown_where_it_is(asked_before: Any) -> None:
    """By its own id and with the event that asked: waiting, then an event like any other in its new partition."""
    _, after, group = asked_before
    follow_ups = FollowUps(after.store, group.options)
    await follow_ups.begin(0)

    waits, asker = await history(after.store, FIRST), await history(after.store, "e1")
    await follow_ups.begin(1)
    begun = await history(after.store, FIRST)

    assert waits is not None
    assert asker is not None
    assert begun is not None
    assert [one.state for one in (*waits.follow_ups, *asker.follow_ups)] == ["waiting", "waiting"]
    assert begun.reference.partition == 1
    assert [one.state for one in begun.groups] == ["waiting"]
