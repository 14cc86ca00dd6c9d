"""Several partitions: an id is known whatever its entity, and whoever dies between the two steps loses nothing."""

import asyncio
from typing import Any

import pytest

from salesloft_webhooks.broker import Outcome, Publisher, Settlement, Stored
from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.events import NewDelivery, NewEvent, Watermark
from salesloft_webhooks.settings import Settings
from tests.support.broker_bench import Bench, open_bench
from tests.support.publish_observers import Recorder
from tests.support.servers import Server

PARTITIONS = 4
PEOPLE = [f"person:{number}" for number in range(40)]


def stored(bench: Bench) -> list[str]:
    """The ids in all partitions."""
    return [fields["id"] for number in range(PARTITIONS) for _, fields in bench.redis.xrange(f"sl:{{{number}}}:events")]


def opens(count: int, person: str, base: str) -> NewDelivery:
    """What SalesLoft sends when an email was opened: the email, and the rise it tells of."""
    rise = NewEvent(
        f"email.opened/8/{count}", "email.opened", person, "2026", b"{}", Watermark("email/8", "opened", count)
    )
    return NewDelivery("default", (NewEvent(base, "email.updated", person, "2026", b"{}"), rise))


async def die_in_between(bench: Bench, delivery: NewDelivery) -> None:
    """A receiver reserves, and is killed before it writes."""
    await bench.publisher._routes.reserve(delivery)


def elsewhere(entity: str, partitions: int = PARTITIONS) -> str:
    """A person in another partition."""
    return next(one for one in PEOPLE if partition_of(one, partitions) != partition_of(entity, partitions))


async def test_an_id_is_known_whatever_its_entity(server: Server) -> None:
    """The same id with forty entities, one after the other and all at once, over two receivers: stored once each."""
    async with open_bench(server, partitions=PARTITIONS) as bench, open_bench(server, partitions=PARTITIONS) as other:
        one_by_one = [await bench.publish("e1", key=key) for key in PEOPLE]
        at_once = await asyncio.gather(
            *(side.publish("e2", key=key) for key in PEOPLE for side in (bench, other)),
        )

        assert one_by_one == [Stored.NEW] + [Stored.DUPLICATE] * 39
        assert at_once.count(Stored.NEW) == 1
        assert sorted(stored(bench)) == ["e1", "e2"]


async def test_an_email_that_changes_its_recipient_is_opened_once(server: Server) -> None:
    """A level lives with the email: another recipient reports the same opens and no event is derived, a rise is."""
    async with open_bench(server, partitions=PARTITIONS) as bench:
        first, second = PEOPLE[0], elsewhere(PEOPLE[0])
        await bench.publisher.publish(opens(3, first, "v1"))

        assert await bench.publisher.publish(opens(3, second, "v2")) is Stored.NEW
        assert await bench.publisher.publish(opens(2, second, "v3")) is Stored.NEW
        assert await bench.publisher.publish(opens(4, second, "v4")) is Stored.NEW

        assert sorted(stored(bench)) == ["email.opened/8/3", "email.opened/8/4", "v1", "v2", "v3", "v4"]


@pytest.mark.parametrize("same", [True, False], ids=["same entity", "another entity"])
async def test_an_unfinished_reservation_is_taken_over(server: Server, same: bool) -> None:  # noqa: FBT001
    """A receiver dies after reserving an event and a rise; the next delivery stores both, and it only once."""
    async with open_bench(server, partitions=PARTITIONS) as bench:
        await die_in_between(bench, opens(3, PEOPLE[0], "base"))
        assert stored(bench) == []
        again = opens(3, PEOPLE[0] if same else elsewhere(PEOPLE[0]), "base")

        outcomes = [await bench.publisher.publish(again) for _ in range(3)]

        assert outcomes == [Stored.NEW, Stored.DUPLICATE, Stored.DUPLICATE]
        assert sorted(stored(bench)) == ["base", "email.opened/8/3"]


async def test_a_level_outlives_the_memory_of_its_event(server: Server) -> None:
    """When the id is forgotten the level alone keeps a rise from being stored again, until it is forgotten too."""
    async with open_bench(server, partitions=PARTITIONS) as bench:
        await bench.publisher.publish(opens(3, PEOPLE[0], "v1"))
        assert (reserved := bench.redis.keys("*:reserved:email.opened*")[0])
        assert bench.redis.ttl(reserved) <= bench.redis.ttl(bench.redis.keys("*:ids:*")[0])
        await asyncio.sleep(1.1)
        await bench.publisher.publish(opens(3, PEOPLE[0], "v2"))
        assert bench.redis.ttl(reserved) < 604_800, "a duplicate has renewed it beyond the record's life"

        for key in (*bench.redis.keys("*:reserved:email.opened*"), *bench.redis.keys("*:ids*")):
            bench.redis.delete(key)
        await bench.publisher.publish(opens(3, PEOPLE[0], "v3"))

        assert stored(bench).count("email.opened/8/3") == 1


async def test_what_version_0_1_0_stored_is_known(server: Server) -> None:
    """Records and levels as 0.1.0 wrote them, in the entity's partition, still make duplicates and no rises."""
    async with open_bench(server, partitions=PARTITIONS) as bench:
        for person in PEOPLE:
            home = partition_of(person, PARTITIONS)
            bench.redis.hset(f"sl:{{{home}}}:event:old/{person}", "entry", "1-1")
            bench.redis.hset(f"sl:{{{home}}}:mark:email/8", "opened", 3)

            assert await bench.publish(f"old/{person}", key=person) is Stored.DUPLICATE
            await bench.publisher.publish(opens(3, person, f"base/{person}"))

        assert sorted(stored(bench)) == sorted(f"base/{person}" for person in PEOPLE)
        await bench.publisher.publish(opens(4, PEOPLE[0], "risen"))
        assert "email.opened/8/4" in stored(bench)


async def test_deliveries_of_one_entity_keep_their_order(server: Server) -> None:
    """Ids are reserved in many slots at once, yet a person's events lie in the stream in the order they came."""
    async with open_bench(server, partitions=PARTITIONS) as bench:
        names = [f"e{number:03}" for number in range(300)]

        await asyncio.gather(*(bench.publish(name, key="person:1") for name in names))

        (home,) = {number for number in range(PARTITIONS) if bench.redis.xlen(f"sl:{{{number}}}:events")}
        assert [fields["id"] for _, fields in bench.redis.xrange(f"sl:{{{home}}}:events")] == names


async def test_one_partition_costs_no_reservation(bench: Bench) -> None:
    """With one partition nothing is reserved: one script call a batch, and no key beside record and level."""
    await bench.publisher.publish(opens(1, PEOPLE[0], "warm"))
    before = _script_calls(bench)

    await bench.publisher.publish(opens(2, PEOPLE[0], "base"))

    assert _script_calls(bench) == before + 1
    assert bench.redis.keys("*:reserved:*") == []


async def test_reservations_are_made_together(server: Server) -> None:
    """300 deliveries at once take one more round trip of a few calls for each slot, not one call a delivery."""
    async with open_bench(server, partitions=PARTITIONS) as bench:
        await asyncio.gather(*(bench.publish(f"warm{number}", key=key) for number, key in enumerate(PEOPLE)))
        before = _script_calls(bench)

        await asyncio.gather(*(bench.publish(f"e{number}", key=PEOPLE[number % 40]) for number in range(300)))

        assert _script_calls(bench) - before <= PARTITIONS * 2 * 3


def _script_calls(bench: Bench) -> int:
    statistics: dict[str, Any] = bench.redis.info("commandstats")
    return sum(statistics.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))


async def test_a_reservation_is_as_durable_as_the_entry(own_server: Server) -> None:
    """With `fsync`, the reservation is on the disk too before anybody is told: both survive a SIGKILL at once after."""
    own_server.options["appendfsync"] = "everysec"
    own_server.start()
    async with open_bench(own_server, partitions=PARTITIONS, durability="fsync") as bench:
        await bench.publish("warm", key=PEOPLE[0])
        bench.redis.config_resetstat()
        assert await bench.publish("e1", key=PEOPLE[0]) is Stored.NEW
        assert bench.redis.info("commandstats")["cmdstat_waitaof"]["calls"] == 2

    own_server.stop(kill=True)
    own_server.start()
    async with open_bench(own_server, partitions=PARTITIONS, durability="fsync") as bench:
        assert await bench.publish("e1", key=elsewhere(PEOPLE[0])) is Stored.DUPLICATE


async def test_workers_and_people_find_the_one_record(server: Server) -> None:
    """Whatever entity a repeat names: the event is handled once, and `events show` tells its one story."""
    async with open_bench(server, partitions=PARTITIONS) as bench:
        group = await bench.group()
        await bench.publish("e1", key=PEOPLE[0])
        for partition in range(PARTITIONS):
            for lease in (await group.take(partition, 10)).leases:
                await group.settle(partition, [Settlement(lease, Outcome.DONE)])
        await bench.publish("e1", key=elsewhere(PEOPLE[0]))

        handled_again = [(await group.take(partition, 10)).leases for partition in range(PARTITIONS)]
        story = await history(bench.store, "e1")

        assert handled_again == [()] * PARTITIONS
        assert story is not None
        assert (story.duplicates, [row.state for row in story.groups]) == (1, [EventState.DONE])


async def test_one_refused_event_of_many_slots_is_refused_alone(server: Server) -> None:
    """A reservation of the wrong type refuses its own event; its neighbours in the batch are stored."""
    async with open_bench(server, partitions=PARTITIONS) as bench:
        bench.redis.hset(bench.store.keys.reservation(partition_of("bad", PARTITIONS), "bad"), "not", "a number")

        names = [f"e{number}" for number in range(50)] + ["bad"]
        outcomes = await asyncio.gather(*(bench.publish(name) for name in names), return_exceptions=True)

        assert outcomes[:-1] == [Stored.NEW] * 50
        assert "WRONGTYPE" in str(outcomes[-1])


async def test_a_partition_that_is_gone_does_not_swallow_events(server: Server) -> None:
    """A reservation that names a partition beyond PARTITIONS, which was lowered since, is passed over."""
    async with open_bench(server, partitions=PARTITIONS) as bench:
        bench.redis.set(bench.store.keys.reservation(partition_of("e1", PARTITIONS), "e1"), 77)

        assert await bench.publish("e1") is Stored.NEW


async def test_a_publisher_that_ends_leaves_nobody_waiting(server: Server) -> None:
    """Leaving the publisher while deliveries wait for a frozen server ends at once, and its loops with it."""
    settings = Settings.load(redis_url=server.url, partitions=PARTITIONS)
    async with open_bench(server, partitions=PARTITIONS) as bench:
        publisher = await Publisher(bench.store, settings, Recorder()).__aenter__()
        await publisher.publish(opens(1, PEOPLE[0], "warm"))
        loops = set(publisher._background._tasks)
        server.freeze()
        try:
            waiting = asyncio.create_task(publisher.publish(opens(2, PEOPLE[0], "base")))
            await asyncio.sleep(0.1)
            await asyncio.wait_for(publisher.__aexit__(None, None, None), 2)
        finally:
            server.thaw()
            waiting.cancel()
        assert all(task.done() for task in loops)
