"""What limits a group, and how every partition and every worker hears of it."""

from dataclasses import replace

from salesloft_webhooks.broker import Group, GroupOptions, Outcome, Settlement
from salesloft_webhooks.broker.administration.groups import remove
from salesloft_webhooks.broker.administration.limiting import stored_limits
from salesloft_webhooks.broker.group_limits import set_limits
from salesloft_webhooks.limits import NO_LIMITS, Limits, Rate, SaidLimits
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import Bench, open_bench, take
from tests.support.servers import Server

CLOCKS = "sl:{%d}:g:crm:clock"


async def test_whoever_knows_older_limits_is_given_nothing(bench: Bench) -> None:
    """The first take after a limit was set only hears of it; the next one knows, and finds what is there."""
    await bench.publish("e1")
    group = await bench.group(lease_seconds=60.0)
    limits = await set_limits(bench.store, "crm", "hand", SaidLimits(1))

    first = await group.take(0, 5)
    second = await group.take(0, 5)

    assert (first.leases, first.something_there) == ((), True)
    assert group.limits.in_force == limits
    assert [lease.event.event_id for lease in second.leases] == ["e1"]


async def test_a_take_brings_newer_limits_to_a_partition(server: Server) -> None:
    """Who set them died before all partitions had them: a worker that has heard of them tells the others."""
    async with open_bench(server, partitions=2) as bench:
        group = await bench.group()
        await set_limits(bench.store, "crm", "hand", SaidLimits(3))
        bench.redis.hdel(CLOCKS % 1, "limits")

        await group.take(0, 1)
        await group.take(1, 1)

        known = [bench.redis.hget(CLOCKS % number, "limits") for number in range(2)]
        assert known[0] == known[1] == group.limits.in_force.stored


async def test_a_heartbeat_brings_limits_to_every_partition(server: Server) -> None:
    """Also to one that is served only by workers that never take in partition 0."""
    async with open_bench(server, partitions=3) as bench:
        group = await bench.group()
        await set_limits(bench.store, "crm", "hand", SaidLimits(3))
        for number in (1, 2):
            bench.redis.hdel(CLOCKS % number, "limits")

        await group.beat()

        assert group.limits.limited
        assert {bench.redis.hget(CLOCKS % number, "limits") for number in range(3)} == {group.limits.in_force.stored}


async def test_a_partition_that_lost_a_limit_gets_it_back_with_who_said_it(bench: Bench) -> None:
    """What somebody has said by hand is not lifted by the next worker that starts."""
    group = await bench.group()
    await set_limits(bench.store, "crm", "hand", SaidLimits(3))
    await group.beat()
    bench.redis.hdel(CLOCKS % 0, "limits")  # as a promoted replica that had not heard of it

    await group.beat()
    await bench.group(consumer="starts")

    assert group.limits.in_force.said["hand"] == SaidLimits(3)
    assert bench.redis.hget(CLOCKS % 0, "limits") == group.limits.in_force.stored


async def test_nothing_is_handed_over_where_something_is_limited(bench: Bench) -> None:
    """A settle by a worker that has not heard of a limit leaves the next of the lane to a take with a permit."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=60.0)
    for event_id in ("e1", "e2"):
        await bench.publish(event_id)
    (lease,) = await take(group)
    await set_limits(bench.store, "crm", "hand", SaidLimits(5))

    answer = await group.settle_and_continue(0, [Settlement(lease, Outcome.DONE)], 5)

    assert answer.leases == ()
    assert answer.something_is_due


async def test_a_look_leases_nothing_and_says_whether_there_is_something(bench: Bench) -> None:
    """New entries and due ones are seen; nothing is, when nothing is there."""
    group = await bench.group(lease_seconds=60.0)

    nothing = await group.take(0, 0)
    await bench.publish("e1")
    new = await group.take(0, 0)
    (lease,) = await take(group)
    running = await group.take(0, 0)

    assert [each.something_there for each in (nothing, new, running)] == [False, True, False]
    assert new.leases == ()
    assert bench.pending() == {lease.entry_id: ("one", 1)}


async def test_a_look_passes_what_the_group_does_not_want(bench: Bench) -> None:
    """While nothing may begin, it would count as backlog and be kept, up to the first entry that has to be run."""
    group = await bench.group(events=("person.*",), lease_seconds=60.0)
    for number in range(20):
        await bench.publish(f"unwanted{number}", event_type="account.created")
    await bench.publish("wanted")
    await bench.publish("behind it", event_type="account.created")

    looked = await group.take(0, 0)
    (info,) = bench.redis.xinfo_groups("sl:{0}:events")

    assert (looked.leases, looked.something_there) == ((), True)
    assert (info["pending"], info["lag"]) == (0, 2)
    assert [lease.event.event_id for lease in await take(group)] == ["wanted"]


async def test_a_look_reads_no_more_than_it_passes(bench: Bench) -> None:
    """Entries are read with their bodies: one that is wanted is found at once, and behind others in a few steps."""
    group = await bench.group(events=("person.*",), lease_seconds=60.0)

    async def counts() -> list[int]:
        with bench.redis.monitor() as monitor:
            await group.take(0, 0)
            bench.redis.ping()
            heard = iter(lambda: str(monitor.next_command()["command"]), "PING")
            return [int(each.split()[-1]) for each in heard if each.startswith("XRANGE")]

    for number in range(40):
        await bench.publish(f"wanted{number}")
    one_wanted = await counts()
    await take(group, 40)
    for number in range(40):
        await bench.publish(f"unwanted{number}", event_type="account.created")

    assert one_wanted == [1]
    assert await counts() == [1, 2, 4, 8, 16, 16]


async def declare(bench: Bench, limits: Limits, *, refresh: bool) -> Group:
    """A worker of a version whose authors say that."""
    group = Group(bench.store, GroupOptions("crm", limits=limits), "another")
    await group.register(refresh=refresh)
    return group


async def test_authors_limits_are_those_of_the_version_that_started_last(bench: Bench) -> None:
    """One without limits takes them back, and workers of the earlier version do not bring them again."""
    old = Limits(7, Rate.parse("9/s"))
    await declare(bench, old, refresh=False)
    assert bench.redis.hget(CLOCKS % 0, "limits").partition("|")[0].endswith(" 7 9/1000/1")

    await declare(bench, NO_LIMITS, refresh=False)
    newer = await declare(bench, NO_LIMITS, refresh=True)
    older = Group(bench.store, replace(newer.options, limits=old), "older")
    await older.limits.declare(refresh=True)

    assert bench.redis.hget(CLOCKS % 0, "limits").partition("|")[0].endswith(" - -")


async def test_authors_limits_hold_as_long_as_somebody_repeats_them(bench: Bench) -> None:
    """A worker of an earlier version that starts once more during a roll-out brings them, and takes them along."""
    older, newer = Limits(50), Limits(5)
    await declare(bench, older, refresh=False)
    updated = await declare(bench, newer, refresh=False)
    old = await declare(bench, older, refresh=False)

    await updated.limits.declare(refresh=True)
    during = await stored_limits(bench.store, "crm")
    bench.redis.hincrby(CLOCKS % 0, "limits_said", -299_000)
    await old.limits.declare(refresh=True)
    await updated.limits.declare(refresh=True)
    repeated = await stored_limits(bench.store, "crm")
    bench.redis.hincrby(CLOCKS % 0, "limits_said", -301_000)
    await updated.limits.declare(refresh=True)

    assert (during.in_force, repeated.in_force) == (older, older)
    assert (await stored_limits(bench.store, "crm")).in_force == newer


async def test_a_version_without_limits_takes_those_of_an_earlier_one_back(bench: Bench) -> None:
    """Also when they came back with a worker that started once more."""
    unlimited = await declare(bench, NO_LIMITS, refresh=False)
    await declare(bench, Limits(50), refresh=False)
    await unlimited.beat()

    bench.redis.hincrby(CLOCKS % 0, "limits_said", -301_000)
    await unlimited.limits.declare(refresh=True)

    assert (await stored_limits(bench.store, "crm")).in_force == NO_LIMITS


async def test_a_group_that_is_removed_leaves_no_limits(bench: Bench) -> None:
    """Nothing of them is left, like nothing else of it."""
    group = await bench.group()
    await set_limits(bench.store, "crm", "hand", SaidLimits(2))
    await group.limits.ask(0, 1, running=0, wanted=1, unused={})

    await remove(bench.store, "crm", force=True)

    assert bench.redis.keys("sl:{0}:g:crm*") == []
