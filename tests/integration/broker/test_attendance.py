"""Workers say that they are there, and hear on the same way what is to be done."""

from salesloft_webhooks.broker import Outcome, attend, decide_partitions, follow_partitions
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.servers import Server


async def test_workers_hear_of_each_other_until_one_leaves(bench: Bench) -> None:
    """Each is named to the others while it says that it is there, and no longer once it has left."""
    one, two = await bench.group(consumer="one"), await bench.group(consumer="two")

    assert (await attend(bench.store, one, 60)).consumers == ["one"]
    assert sorted((await attend(bench.store, two, 60)).consumers) == ["one", "two"]
    await attend(bench.store, two, 0)
    assert (await attend(bench.store, one, 60)).consumers == ["one"]


async def test_what_is_due_in_partition_0_comes_along(bench: Bench) -> None:
    """It is said from the moment when it is due, and not while somebody runs it."""
    group = await bench.group(lease_seconds=60)
    await bench.publish("e1")
    (lease,) = await take(group)

    assert not (await attend(bench.store, group, 60)).due
    await settle(group, lease, Outcome.RELEASE)
    assert (await attend(bench.store, group, 60)).due


async def test_a_raise_is_heard_of_and_what_ended_with_it(server: Server) -> None:
    """From its first step to its last the number has to be asked for; then all that is known of it comes along."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        group = await bench.group()
        assert (await attend(bench.store, group, 60)).follows

        await bench.store.run("seal", 0, [2, 1])
        assert not (await attend(bench.store, group, 60)).follows
        await follow_partitions(bench.store)
        assert bench.store.partitions == 1

        await decide_partitions(bench.store, 2)
        assert (await attend(bench.store, group, 60)).follows
        assert [layout.partitions for layout in bench.store.earlier] == [1]


async def test_a_store_that_lost_its_data_is_asked_again(bench: Bench) -> None:
    """Without a layout in partition 0 nobody knows the number from it."""
    await decide_partitions(bench.store, bench.store.partitions)
    group = await bench.group()
    assert (await attend(bench.store, group, 60)).follows

    bench.redis.delete("sl:{0}:layout")

    assert not (await attend(bench.store, group, 60)).follows
