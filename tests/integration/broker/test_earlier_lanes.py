"""Order per person across raises: what the new partition gives out waits for what the old one still has."""

import asyncio

from salesloft_webhooks.broker import Group, Lease, Outcome, Settlement, decide_partitions, follow_partitions, trim
from salesloft_webhooks.broker.earlier_lanes import LOOK_SECONDS
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import Bench, open_bench
from tests.support.servers import Server

PEOPLE = [f"person:{number}" for number in range(200)]


def mover(*numbers: int) -> str:
    """A person who lives in another partition by each of these numbers."""
    return next(one for one in PEOPLE if len({partition_of(one, number) for number in numbers}) == len(numbers))


async def raised(bench: Bench, partitions: int) -> None:
    """A raise that everybody knows of."""
    await decide_partitions(bench.store, partitions)


async def ordered(bench: Bench, name: str = "crm", consumer: str = "one") -> Group:
    """An ordered group with leases that do not lapse."""
    return await bench.group(name, consumer=consumer, ordering=Ordering.ENTITY, lease_seconds=60)


async def take(group: Group, partition: int) -> list[Lease]:
    """Everything that may be taken there."""
    return list((await group.take(partition, 100)).leases)


async def done(group: Group, lease: Lease) -> None:
    """Finish it."""
    await group.settle(lease.partition, [Settlement(lease, Outcome.DONE)])


async def test_a_person_waits_until_the_old_partition_is_read_and_its_lane_is_empty(server: Server) -> None:
    """Unread, running, and parked events of the person hold back what came after the raise; nothing else does."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        group = await ordered(bench)
        person = mover(1, 4)
        home = partition_of(person, 4)
        for name in ("e1", "e2"):
            await bench.publish(name, key=person)
        await raised(bench, 4)
        await group.register()
        await bench.publish("e3", key=person)
        new = await take(group, home)
        assert [lease.event.event_id for lease in new] == ["e3"]

        assert await group.must_wait(new) == {new[0].entry_id}, "the old partition is not read"
        for name in ("e1", "e2"):
            (old,) = await take(group, 0)
            assert old.event.event_id == name
            assert await group.must_wait([old]) == set(), "what is old waits for nothing"
            assert await group.must_wait(new) == {new[0].entry_id}
            await done(group, old)
            await asyncio.sleep(LOOK_SECONDS)
        assert await group.must_wait(new) == set()


async def test_a_worker_that_has_not_heard_of_a_raise_runs_nothing_stored_after_it(server: Server) -> None:
    """A raise that is no multiple moves people between partitions that are served already; what is old goes on."""
    async with open_bench(server, partitions=2) as bench, open_bench(server, partitions=2) as other:
        for side in (bench, other):
            await decide_partitions(side.store, 2)
        group = await ordered(bench)
        person = next(one for one in PEOPLE if (partition_of(one, 2), partition_of(one, 3)) == (0, 1))
        neighbour = next(one for one in PEOPLE if partition_of(one, 2) == 1)
        await bench.publish("e1", key=person)
        await bench.publish("n1", key=neighbour)
        await raised(other, 3)
        await other.publish("e2", key=person)

        old, new = await take(group, 1)
        assert [old.event.event_id, new.event.event_id] == ["n1", "e2"]
        assert await group.must_wait([old, new]) == {new.entry_id}, "nobody knows yet where this person was before"
        await follow_partitions(bench.store)
        assert await group.must_wait([old, new]) == {new.entry_id}, "its old partition is not read"
        for lease in await take(group, 0):
            await done(group, lease)
        await asyncio.sleep(LOOK_SECONDS)
        assert await group.must_wait([old, new]) == set()


async def test_what_is_handed_over_waits_for_a_place_the_worker_has_not_heard_of(server: Server) -> None:
    """A person back where she was two raises ago: her next event there is given by settle, and is not her next one."""
    async with open_bench(server, partitions=2) as bench, open_bench(server, partitions=2) as other:
        for side in (bench, other):
            await decide_partitions(side.store, 2)
        group = await ordered(bench)
        person = next(one for one in PEOPLE if [partition_of(one, number) == 1 for number in (2, 3, 4)] == [1, 0, 1])
        await bench.publish("e1", key=person)
        (first,) = await take(group, 1)
        for name, partitions in (("e2", 3), ("e3", 4)):
            await raised(other, partitions)
            await other.publish(name, key=person)
        assert await take(group, 1) == [], "behind the first"

        given = (await group.settle_and_continue(1, [Settlement(first, Outcome.DONE)], room=1)).leases

        assert [lease.event.event_id for lease in given] == ["e3"]
        assert await group.must_wait(given) == {given[0].entry_id}


async def test_neither_other_people_nor_other_groups_wait(server: Server) -> None:
    """A group that never moves on holds back only itself, a person only herself, and without order nobody waits."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        stuck, quick = await ordered(bench, "stuck"), await ordered(bench, "quick")
        free = await bench.group("free")
        person, other = mover(1, 4), next(one for one in PEOPLE[::-1] if partition_of(one, 4))
        await bench.publish("e1", key=person)
        await raised(bench, 4)
        for name, key in (("e2", person), ("e3", other)):
            await bench.publish(name, key=key)
        for group in (stuck, quick, free):
            await group.register()
        for group in (quick, free):
            for lease in await take(group, 0):
                await done(group, lease)

        (running,) = await take(stuck, 0)
        for group, expected in ((quick, set()), (free, set()), (stuck, {"e2"})):
            new = [lease for partition in range(1, 4) for lease in await take(group, partition)]
            assert sorted(lease.event.event_id for lease in new) == ["e2", "e3"]
            held = await group.must_wait(new)
            assert {lease.event.event_id for lease in new if lease.entry_id in held} == expected
        assert running.event.event_id == "e1"


async def test_a_person_who_moved_twice_waits_for_both(server: Server) -> None:
    """1, 4, 16 partitions with an event in each home: they run in that order, whichever is asked first."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        group, person = await ordered(bench), mover(1, 4, 16)
        leases: dict[int, Lease] = {}
        for number in (1, 4, 16):
            await raised(bench, number)
            await group.register()
            await bench.publish(f"e{number}", key=person)
            (leases[number],) = await take(group, partition_of(person, number))

        for number, earlier in ((1, 0), (4, 1), (16, 2)):
            held = await group.must_wait(list(leases.values()))
            assert held == {lease.entry_id for one, lease in leases.items() if one > number}, earlier
            await done(group, leases[number])
            await asyncio.sleep(LOOK_SECONDS)


async def test_what_is_sent_again_in_an_old_partition_holds_nobody_back(server: Server) -> None:
    """A dead letter of the time before a raise, redriven after it, is younger than the mark."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        group, person = await ordered(bench), mover(1, 4)
        await bench.publish("e1", key=person)
        (lease,) = await take(group, 0)
        await group.settle(0, [Settlement(lease, Outcome.DEAD, 0.0, "permanent", "boom")])
        await raised(bench, 4)
        await group.register()
        ((letter, _),) = bench.redis.xrange("sl:{0}:g:crm:dead")
        await bench.store.run("redrive", 0, ["crm", 60, "", "", "", 0, letter])
        (again,) = await take(group, 0)
        await bench.publish("e2", key=person)
        new = await take(group, partition_of(person, 4))

        assert await group.must_wait([again, *new]) == set()


async def test_a_group_that_comes_after_the_history_was_trimmed_does_not_wait(server: Server) -> None:
    """It has never read up to the mark, and there is nothing to read up to it."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        early, person = await ordered(bench, "early"), mover(1, 4)
        await bench.publish("e1", key=person)
        for lease in await take(early, 0):
            await done(early, lease)
        assert await trim(bench.store, 0, 0.0) == 1
        await raised(bench, 4)
        await bench.publish("e2", key=person)
        late = await ordered(bench, "late")

        assert await late.must_wait(await take(late, partition_of(person, 4))) == set()


async def test_looking_ends_when_the_old_partitions_are_finished(server: Server) -> None:
    """From then on an ordered group costs no further command."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        group, person = await ordered(bench), mover(1, 4)
        await bench.publish("e1", key=person)
        for lease in await take(group, 0):
            await done(group, lease)
        await raised(bench, 4)
        await group.register()
        await bench.publish("e2", key=person)
        new = await take(group, partition_of(person, 4))
        assert await group.must_wait(new) == set()
        before = bench.redis.info("stats")["total_commands_processed"]

        for _ in range(10):
            assert await group.must_wait(new) == set()

        assert bench.redis.info("stats")["total_commands_processed"] - before == 1, "only INFO itself"
