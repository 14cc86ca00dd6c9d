"""What goes wrong here: cursors of yesterday, two leaders, a store that fails, groups that have too much to do."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from salesloft_webhooks.backfill import yielding
from salesloft_webhooks.broker import Publisher, Stored, open_store
from salesloft_webhooks.broker.backfill_jobs import forget
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.events import NewDelivery
from tests.integration.backfill.reported import Reported, metric, states
from tests.integration.backfill.world import World
from tests.support.waiting import eventually


async def test_a_cursor_of_yesterday(world: World) -> None:
    """The backfill was away for a day, and so was the receiver for a part of it: all of the day is looked through."""
    async with world.role() as role:
        await role.round()
    await world.outage(60)
    world.clock.pass_by(hours=20)
    await world.traffic(30)
    world.clock.pass_by(minutes=3)

    async with world.role() as role:
        await role.round()

    await world.all_is_well()


async def test_a_cursor_that_nobody_remembers(world: World, tmp_path: Path) -> None:
    """It stops, and says so; nothing is handled again. Whoever has it forgotten begins anew, with what changes then."""
    async with world.role() as role:
        await role.round()
    await world.outage(30)
    await world.all_handled({each.event_ids[0] for each in world.sent if each.arrived})
    handled = {name: dict(counts) for name, counts in world.handled.items()}
    world.clock.pass_by(days=8)

    async with world.role() as role:
        await role.round()

        assert states() == {"too_old"}
        too_old = Reported(world.clock.now)
        assert {name: dict(counts) for name, counts in world.handled.items()} == handled
        async with open_store(world.settings()) as store:
            await forget(store, "role", "people")
        await role.round()
        assert states() == {"following"}
    too_old.alerts(tmp_path, "BackfillStopped", "BackfillBehind")


async def test_two_leaders_for_a_moment(world: World) -> None:
    """One was cut off, the other took its place, and both publish: one and the same delivery, counted once."""
    async with world.role() as one, world.role() as other:
        await one.round()
        await world.outage(150)

        async def take_away() -> None:
            for _ in range(40):
                with world.server.client() as client:
                    client.hdel("sl:backfill", "role/lease")
                await asyncio.sleep(0.01)

        await asyncio.gather(one.round(), other.round(), take_away())
        for role in (one, other):
            with world.server.client() as client:
                client.hdel("sl:backfill", "role/lease")
            await role.round()

    await world.all_is_well()


async def test_a_store_that_fails_in_the_middle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a page only a part was stored: the cursor does not pass the rest of it."""
    publish, published = Publisher.publish, 0

    async def failing(self: Publisher, delivery: NewDelivery) -> Stored:
        nonlocal published
        published += delivery.backfilled
        if delivery.backfilled and published % 10 == 7:
            raise StoreUnavailable("away")
        return await publish(self, delivery)

    async with world.role() as role:
        await role.round()
        await world.outage(80)
        with monkeypatch.context() as broken:
            broken.setattr(Publisher, "publish", failing)
            await role.round()
            assert "failing" in states("people") | states("emails") | states("calls")
            await role.round()
        for _ in range(2):
            await role.round()

    await world.all_is_well()


async def test_what_is_under_way_is_left_alone(world: World) -> None:
    """By SalesLoft's clock, which is two hours behind ours here: its webhook may still come."""
    async with world.role() as role:
        await role.round()
        await world.stop_receiver()
        await world.traffic(30)
        await world.start_receiver()

        await role.round()

        assert (await world.counts())["missed"] == 0
        world.clock.pass_by(minutes=3)
        await role.round()
    await world.all_is_well()


async def test_only_the_leader_speaks_of_lists(world: World) -> None:
    """The one that waits reads nothing."""
    async with world.role() as one, world.role() as other:
        await one.round()
        before = world.platform.rate_limit.spent

        await other.round()

        assert world.platform.rate_limit.spent == before
        assert metric("backfill_leader") == 0
        assert metric("backfill_read_until_timestamp_seconds") == 0


async def test_a_list_that_nobody_wants_any_more(world: World) -> None:
    """It is not read, and so it is not behind either; once it is wanted again, it begins with what changes then."""
    async with world.role() as role:
        await role.round()
    await world.outage(30)
    async with world.role(backfill_events="call.*") as role:
        await role.round()

        assert states() == {"idle"}
        assert metric("backfill_read_until_timestamp_seconds", resource="people") == 0
        assert metric("backfill_read_until_timestamp_seconds", resource="calls") > 0
    world.clock.pass_by(minutes=5)

    async with world.role() as role:
        await role.round()

        assert states() == {"following"}
        assert "missed" not in (await world.written())["people"]


async def test_a_subscription_that_somebody_deleted(world: World) -> None:
    """Its events go on to be fetched: just then they are missed."""
    async with world.role() as role:
        await role.round()
        for each in list(world.platform.subscriptions):
            if each["event_type"].startswith("person_"):
                world.platform.subscriptions.delete(each["id"])
        await world.traffic(60)
        world.clock.pass_by(minutes=3)

    async with world.role() as role:  # a new process, which asks for subscriptions at once
        await role.round()

    await world.all_is_well()


async def test_a_bulk_change_without_webhooks(world: World) -> None:
    """Hundreds of people with one time, of which SalesLoft tells nobody: each is missed, once."""
    async with world.role() as role:
        await world.traffic(600)
        await role.round()
        people = list(world.platform.records.of("/people"))
        world.clock.pass_by(minutes=5)
        changed = world.clock.now - timedelta(minutes=3)
        for number in range(240):
            twin = {**world.platform.records.of("/people")[people[0]], "id": 5_000_000 + number}
            world.platform.records.of("/people")[twin["id"]] = twin
        many = [5_000_000 + number for number in range(240)]
        world.platform.records.bulk("/people", many, changed.isoformat())

        await role.round()

    assert int((await world.written())["people"]["missed"]) == len(many)


def arrived(world: World, since: int = 0) -> set[str]:
    """Ids of what webhooks have brought, of the changes from that one on."""
    return {each.event_ids[0] for each in world.sent[since:] if each.arrived}


async def test_live_events_go_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a group has too much to do nothing is published, and what comes by webhook is handled; then the rest is."""
    monkeypatch.setattr(yielding, "LOOK_SECONDS", 0.05)
    async with world.role(backfill_lag_limit=5) as role:
        await role.round()
        await world.outage(60)
        await world.all_handled(arrived(world))
        missed = world.expected_ids() - arrived(world)
        with world.server.client() as client:
            client.xgroup_create("sl:{0}:events", "nobody", id="0")
            client.sadd("sl:groups", "nobody")
        reading, known = asyncio.create_task(role.round()), len(world.sent)
        for _ in range(3):
            await world.traffic(10)
            await world.all_handled(arrived(world, known))
            await it_waits_on()

        assert not reading.done()
        assert not any(missed & handled.keys() for handled in world.handled.values())
        with world.server.client() as client:
            client.srem("sl:groups", "nobody")
            client.xgroup_destroy("sl:{0}:events", "nobody")
        await asyncio.wait_for(reading, 30)
        world.clock.pass_by(minutes=3)
        await role.round()
    await world.all_is_well()


async def it_waits_on() -> None:
    """Return when it has looked at the groups once more, and has waited."""
    before = metric("backfill_yielded_seconds_total", by="lag")
    await eventually(lambda: metric("backfill_yielded_seconds_total", by="lag") > before, "it waits on")
