"""The receiver is away for longer than SalesLoft tries: what was missed is fetched, once, and counted."""

from datetime import timedelta

from tests.integration.backfill.world import World, metric


async def test_ten_minutes_without_a_receiver(world: World) -> None:
    """Every change is handled exactly once by every group, and the metric says how many no webhook had brought."""
    async with world.role(backfill_overlap_seconds=600) as role:
        await world.traffic(20)
        world.clock.pass_by(minutes=3)
        world.began = world.clock.now - timedelta(minutes=2)
        await role.round()  # it has begun: what comes now is in its windows
        before = metric("backfill_changes_total", found="missed")
        await world.traffic(150)
        await world.stop_receiver()
        began = world.clock.now
        while world.clock.now - began < timedelta(minutes=10):
            await world.traffic(30)
        await world.start_receiver()
        await world.traffic(100)
        world.clock.pass_by(minutes=3)

        for _ in range(3):
            await role.round()
            world.clock.pass_by(seconds=60)

    lost = world.lost()
    assert len(lost) > 200
    await world.all_is_well()
    counts = await world.counts()
    assert metric("backfill_changes_total", found="missed") - before == len(lost)
    assert counts["arrived"] > 50
    assert counts["unreadable"] == 0
