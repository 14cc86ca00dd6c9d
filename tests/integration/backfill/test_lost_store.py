"""Redis is emptied, or an older copy takes its place: what that loses is told of, and can be fetched."""

from collections import Counter
from datetime import timedelta

from redis import Redis

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.groups import pause
from salesloft_webhooks.broker.backfill_jobs import forget
from tests.integration.backfill.command import ended, start
from tests.integration.backfill.reported import metric, states
from tests.integration.backfill.world import GROUPS, NAMES, World

KEPT_SINCE = "backfill_kept_since_timestamp_seconds"


def kept_since() -> float:
    """What the alert is about."""
    return metric(KEPT_SINCE, resource="people")


async def test_a_running_role_goes_on_where_it_was(world: World) -> None:
    """Nothing before that is handled again, and the metric says that cursors were lost."""
    async with world.role() as role:
        await role.round()
        await world.traffic(30)
        world.clock.pass_by(minutes=3)
        await role.round()
        before = kept_since()
        cursor = (await world.written())["people"]["cursor"]
        with world.server.client() as client:
            client.delete("sl:backfill")

        for _ in range(2):
            await role.round()

        assert states() == {"following"}
        assert (await world.written())["people"]["cursor"] >= cursor
        assert kept_since() > before > 0
    for handled in world.handled.values():
        assert set(handled.values()) == {1}


async def test_cursors_that_are_kept_are_kept(world: World) -> None:
    """Neither a new process nor a resource that is begun anew on purpose looks like a loss."""
    async with world.role() as role:
        for _ in range(2):
            await role.round()
        before = kept_since()
    async with open_store(world.settings()) as store:
        await forget(store, "role", "people")

    async with world.role() as role:
        for _ in range(2):
            world.clock.pass_by(minutes=3)
            await role.round()

        assert kept_since() == before > 0


async def test_what_waited_in_an_emptied_store_is_fetched(world: World) -> None:
    """SalesLoft was told 200, and no role finds it by itself; the run that the alert's runbook names does."""
    async with world.role() as role:
        for _ in range(2):
            await role.round()
        before = kept_since()
    async with open_store(world.settings()) as store:
        for group in GROUPS:
            assert await pause(store, group)
    await world.traffic(60)
    waiting = {each.event_ids[0] for each in world.sent if each.arrived}
    assert len(waiting) > 30
    assert not any(waiting & handled.keys() for handled in world.handled.values())

    with world.server.client() as client:
        client.flushall()
    await world.stop_receiver()  # who goes on, for a while, by what it knows of the layout is not what this is about
    await world.start_receiver()
    world.clock.pass_by(minutes=3)
    async with world.role() as role:
        for _ in range(2):
            await role.round()
            world.clock.pass_by(minutes=1)
        assert kept_since() > before > 0
    assert not any(waiting & handled.keys() for handled in world.handled.values())
    since = (world.began - timedelta(minutes=1)).isoformat()
    code, _, err = await ended(await start(world, "--since", since))

    assert code == 0, err
    shown = {each.event_ids[0] for row in world.rows().values() for each in row if each is not None}
    await world.all_handled(waiting & shown)


async def test_an_older_copy_takes_the_place_of_the_store(world: World) -> None:
    """The cursors are of its time, and so is the memory of what was handled: what came since then is fetched again."""
    async with world.role() as role:
        await role.round()
        await world.traffic(30)
        world.clock.pass_by(minutes=3)
        await role.round()
        await world.all_handled({each.event_ids[0] for each in world.sent if each.arrived})
        first = {name: Counter(handled) for name, handled in world.handled.items()}
        with Redis(port=world.server.port) as client:
            copy = [(key, max(client.pttl(key), 0), client.dump(key)) for key in client.scan_iter()]
        known, missed = len(world.sent), (await world.counts())["missed"]
        await world.outage(60)
        await role.round()

        with Redis(port=world.server.port) as client:
            pipeline = client.pipeline()
            pipeline.flushall()
            for key, left, value in copy:
                pipeline.restore(key, left, value)
            pipeline.execute()
        for _ in range(3):
            await role.round()
            world.clock.pass_by(minutes=1)

        assert states() == {"following"}
        later = {id(each) for each in world.sent[known:] if each.name in NAMES}
        changed = [row for row, (_, latest) in world.rows().items() if id(latest) in later]
        assert (await world.counts())["missed"] - missed == len(changed) > 50
    ids = {each.event_ids[0] for row in world.rows().values() for each in row if each and each.name in NAMES}
    await world.all_handled(ids)
    for name, handled in first.items():
        assert {each: world.handled[name][each] for each in handled} == handled
