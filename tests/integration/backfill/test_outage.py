"""The receiver is away for longer than SalesLoft tries: what was missed is fetched, once, and counted."""

from datetime import timedelta

import pytest

from tests.integration.backfill.reported import metric
from tests.integration.backfill.world import World

DELAY = "backfill_change_delay_seconds"


@pytest.mark.parametrize(
    ("world", "afterwards"), [(1, 1), (4, 4), (1, 3)], indirect=["world"], ids=["one", "several", "raised meanwhile"]
)
async def test_ten_minutes_without_a_receiver(world: World, afterwards: int) -> None:
    """Every change is handled exactly once by every group, and the metric says how many no webhook had brought.

    However many partitions there are, also when it is the receiver's new start that raises their number.
    """
    async with world.role(backfill_overlap_seconds=600) as role:
        await world.traffic(20)
        world.clock.pass_by(minutes=3)
        world.began = world.clock.now - timedelta(minutes=2)
        await role.round()  # it has begun: what comes now is in its windows
        before = metric("backfill_changes_total", found="missed")
        late = {found: metric(f"{DELAY}_count", found=found) for found in ("arrived", "missed")}
        await world.traffic(150)
        await world.stop_receiver()
        began = world.clock.now
        while world.clock.now - began < timedelta(minutes=10):
            await world.traffic(30)
        world.partitions = afterwards
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
    late = {found: metric(f"{DELAY}_count", found=found) - known for found, known in late.items()}
    assert late == {"arrived": counts["arrived"], "missed": len(lost)}
    with world.server.client() as client:
        stored = [client.xlen(f"sl:{{{partition}}}:events") for partition in range(afterwards)]
    assert min(stored) > 0
