"""The number of partitions is raised while events come and go: nothing is stored twice, whoever dies in between."""

import asyncio

import pytest

from salesloft_webhooks.broker import Outcome, Settlement, Stored, decide_partitions, follow_partitions
from salesloft_webhooks.broker.administration.groups import pause
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.broker.once import Grant, OncePermits
from salesloft_webhooks.events import NewDelivery, NewEvent, Watermark
from tests.support.broker_bench import Bench, open_bench
from tests.support.servers import Server

PEOPLE = [f"person:{number}" for number in range(40)]
MOST = 16


def stored(bench: Bench) -> list[str]:
    """The ids in all partitions."""
    return [fields["id"] for number in range(MOST) for _, fields in bench.redis.xrange(f"sl:{{{number}}}:events")]


def opens(count: int, person: str, base: str) -> NewDelivery:
    """What SalesLoft sends when an email was opened: the email, and the rise it tells of."""
    mark = Watermark("email/8", "opened", count)
    rise = NewEvent(f"email.opened/8/{count}", "email.opened", person, "2026", b"{}", mark)
    return NewDelivery("default", (NewEvent(base, "email.updated", person, "2026", b"{}"), rise))


async def raised(bench: Bench, number: int) -> None:
    """A receiver with a greater setting has come: everybody else still works by the old number."""
    before = bench.store.partitions, bench.store.earlier
    await decide_partitions(bench.store, number)
    bench.store.partitions, bench.store.earlier = before


@pytest.mark.parametrize("start", [1, 2, 4])
async def test_an_id_is_known_after_a_raise(server: Server, start: int) -> None:
    """What was stored by an earlier number is a duplicate by the next two, of the same entity and of another."""
    async with open_bench(server, partitions=start) as bench:
        await decide_partitions(bench.store, start)
        for number, person in enumerate(PEOPLE):
            assert await bench.publish(f"e{number}", key=person) is Stored.NEW
        for partitions in (2 * start, 4 * start):
            await raised(bench, partitions)
            async with open_bench(server, partitions=partitions) as new:
                for side in (bench, new):
                    again = [await side.publish(f"e{n}", key=PEOPLE[n]) for n in range(20)]
                    moved = [await side.publish(f"e{n}", key=PEOPLE[n - 20]) for n in range(20, 40)]
                    assert {*again, *moved} == {Stored.DUPLICATE}

        assert sorted(stored(bench)) == sorted(f"e{number}" for number in range(40))


@pytest.mark.parametrize("start", [1, 4])
async def test_a_level_is_known_after_a_raise(server: Server, start: int) -> None:
    """A rise is derived once, whatever the number of partitions; a later one is a rise by the new number."""
    async with open_bench(server, partitions=start) as bench:
        await decide_partitions(bench.store, start)
        await bench.publisher.publish(opens(3, PEOPLE[0], "v1"))
        await raised(bench, MOST)
        async with open_bench(server, partitions=MOST) as new:
            for count, (level, person) in enumerate([(3, 1), (2, 2), (3, 0), (4, 1), (4, 3), (3, 4)]):
                await new.publisher.publish(opens(level, PEOPLE[person], f"w{count}"))
            for key in new.redis.scan_iter("*:layout"):  # the time for which earlier places are asked is over
                new.redis.hdel(key, start)
        async with open_bench(server, partitions=MOST) as later:
            await later.publisher.publish(opens(4, PEOPLE[5], "x"))

        rises = [name for name in stored(bench) if name.startswith("email.opened")]
        assert sorted(rises) == ["email.opened/8/3", "email.opened/8/4"]


async def test_the_level_moves_with_the_first_look(server: Server) -> None:
    """A level that was only looked at stands in its new place, where it lives on when the old places are forgotten."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        await bench.publisher.publish(opens(3, PEOPLE[0], "v1"))
        await raised(bench, 4)
        await bench.publisher.publish(opens(2, PEOPLE[0], "v2"))

        assert bench.redis.hgetall(f"sl:{{{partition_of('email/8', 4)}}}:mark:email/8") == {"opened": "3"}


async def test_what_a_dead_receiver_had_reserved_is_stored_by_the_new_number(server: Server) -> None:
    """Reserved by the old number and never written: event and rise go to their new place, once."""
    async with open_bench(server, partitions=2) as bench:
        await decide_partitions(bench.store, 2)
        await bench.publish("warm")
        person = next(one for one in PEOPLE if partition_of(one, 2) != partition_of(one, 4))
        await bench.publisher._routes.reserve(opens(3, person, "base"))
        await raised(bench, 4)

        outcomes = [await bench.publisher.publish(opens(3, person, "base")) for _ in range(2)]

        assert outcomes == [Stored.NEW, Stored.DUPLICATE]
        home = partition_of(person, 4)
        assert [fields["id"] for _, fields in bench.redis.xrange(f"sl:{{{home}}}:events")] == [
            "base",
            "email.opened/8/3",
        ]
        assert sorted(stored(bench)) == ["base", "email.opened/8/3", "warm"]


async def test_a_delivery_half_written_by_the_old_number_is_new_once(server: Server) -> None:
    """Its own first try makes it no duplicate: the token is kept when it is routed again."""
    async with open_bench(server, partitions=2) as bench:
        await decide_partitions(bench.store, 2)
        await bench.publish("warm")
        routes, delivery = bench.publisher._routes, opens(3, PEOPLE[0], "base")
        token = next(bench.publisher._tokens)
        places = await routes.reserve(delivery)
        assert places is not None
        await next(iter(routes.write(delivery, [places[0], None], token).values()))
        await raised(bench, 4)
        await bench.publisher._follow(routes)

        first = await bench.publisher._try(bench.publisher._routes, delivery, token)

        assert first == b"new"
        assert sorted(stored(bench)) == ["base", "email.opened/8/3", "warm"]


async def test_a_number_that_partition_0_has_lost_is_found_again(server: Server) -> None:
    """Restored from an older copy, one node says less than another: the greater number is in force, nobody waits."""
    async with open_bench(server, partitions=2) as bench:
        await decide_partitions(bench.store, 2)
        await bench.publish("warm")
        bench.redis.hset("sl:{1}:layout", "partitions", 4)

        assert [await bench.publish(f"e{number}", key=key) for number, key in enumerate(PEOPLE)] == [Stored.NEW] * 40
        assert bench.redis.get("sl:partitions") == "4"


async def test_nothing_is_stored_by_the_old_number_afterwards(server: Server) -> None:
    """Two receivers that nobody told, under traffic: behind each seal's mark nothing lies that belongs elsewhere."""
    async with open_bench(server) as one, open_bench(server) as two, open_bench(server, partitions=4) as new:
        await decide_partitions(one.store, 1)

        over = asyncio.Event()

        async def traffic(bench: Bench, prefix: str) -> int:
            rounds = 0
            while not over.is_set() or rounds < 10:
                await asyncio.gather(*(bench.publish(f"{prefix}{rounds}/{key}", key=key) for key in PEOPLE[:10]))
                rounds += 1
            return 10 * rounds

        running = [asyncio.create_task(traffic(bench, name)) for bench, name in ((one, "a"), (two, "b"))]
        await asyncio.sleep(0.05)
        await decide_partitions(new.store, 4)
        await asyncio.sleep(0.1)
        over.set()
        published = sum(await asyncio.gather(*running))

        assert len(set(stored(one))) == len(stored(one)) == published
        mark = one.redis.hget("sl:{0}:layout", 1).split()[0]
        later = [fields["key"] for _, fields in one.redis.xrange("sl:{0}:events", f"({mark}")]
        assert later
        assert {partition_of(key, 4) for key in later} == {0}
        assert 0 < one.redis.xlen("sl:{0}:events") < published


async def test_groups_are_known_in_new_partitions_from_the_start(server: Server) -> None:
    """A group that is paused by hand takes nothing there, and what its other version wants stays for that one."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        await bench.group(events=("person.*",), consumer="wide")
        narrow = await bench.group(events=("email.*",), consumer="narrow")
        await pause(bench.store, "crm")
        await raised(bench, 2)

        assert bench.redis.get("sl:{1}:g:crm:pause") == "manual"
        assert [group["name"] for group in bench.redis.xinfo_groups("sl:{1}:events")] == ["crm"]
        bench.redis.delete("sl:{1}:g:crm:pause")
        await follow_partitions(bench.store)
        home = next(one for one in PEOPLE if partition_of(one, 2) == 1)
        await bench.publish("e1", key=home)
        assert (await narrow.take(1, 10)).leases == ()
        wide = await bench.group(events=("person.*",), consumer="wide")
        assert [lease.event.event_id for lease in (await wide.take(1, 10)).leases] == ["e1"]


async def test_a_permit_stays_granted(server: Server) -> None:
    """What was asked for before a raise is not granted again after it."""
    async with open_bench(server, partitions=2) as bench:
        await decide_partitions(bench.store, 2)
        names = [f"message-{number}" for number in range(8)]
        before = OncePermits(bench.store, "notify", per_minute=100)
        assert {(await before.ask(name, name)).grant for name in names} == {Grant.GRANTED}

        await decide_partitions(bench.store, 16)

        assert {(await before.ask(name, name)).grant for name in names} == {Grant.UNCONFIRMED}


async def test_a_group_works_off_both_layouts(server: Server) -> None:
    """Taken and settled in all partitions after a raise: each event once."""
    async with open_bench(server) as bench:
        await decide_partitions(bench.store, 1)
        group = await bench.group()
        for number, person in enumerate(PEOPLE):
            if number == 20:
                await raised(bench, 4)
            await bench.publish(f"e{number}", key=person)
        await group.register()

        handled = []
        for partition in range(4):
            for lease in (await group.take(partition, 100)).leases:
                handled.append(lease.event.event_id)
                await group.settle(partition, [Settlement(lease, Outcome.DONE)])

        assert sorted(handled) == sorted(f"e{number}" for number in range(40))
