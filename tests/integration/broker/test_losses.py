"""Leases that are lost, counted apart from attempts that fail; and the entries that are isolated because of them."""

import asyncio

import pytest

from salesloft_webhooks.broker import HELD_UP, Group, Lease, Outcome, Settled, Taken
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import STREAM, Bench, lapse, settle, take


async def lose(group: Group, times: int) -> None:
    """Take everything, say nothing, and let the leases lapse."""
    for _ in range(times):
        await take(group, 100)
        await lapse()


async def apart(group: Group, count: int = 10) -> tuple[Lease, ...]:
    """Take isolated entries."""
    return (await group.take(0, count, alone=True)).leases


async def test_failures_do_not_make_poison(bench: Bench) -> None:
    """However often an attempt has failed, one lost lease after that is the first in a row, and no dead letter."""
    group = await bench.group(max_attempts=3)
    await bench.publish("e1")
    for _ in range(9):
        (lease,) = await take(group)
        await settle(group, lease, Outcome.RETRY, error="ValueError: no")
    await lose(group, 1)

    taken = await group.take(0, 10)

    assert taken.poisoned == ()
    (lease,) = taken.leases
    assert (lease.failures, lease.event.attempt, lease.last_error) == (9, 11, "ValueError: no")


async def test_an_attempt_that_comes_back_breaks_the_row(bench: Bench) -> None:
    """Lost, failed, lost, failed: never two lost in a row, so the entry is neither isolated nor poison."""
    group = await bench.group(max_attempts=3)
    await bench.publish("e1")
    for failures in range(6):
        await lose(group, 1)
        (lease,) = await take(group)
        assert lease.failures == failures
        await settle(group, lease, Outcome.RETRY, error="ValueError: no")

    assert not bench.redis.exists("sl:{0}:g:crm:isolated")
    assert not bench.redis.exists("sl:{0}:g:crm:dead")


async def test_an_event_that_waited_for_a_limit_keeps_the_leases_it_has_lost(bench: Bench) -> None:
    """Nothing of it has begun, so it has not come back: one that kills its workers is isolated in spite of that."""
    group = await bench.group(max_attempts=3)
    await bench.publish("e1")
    await lose(group, 1)
    (lease,) = await take(group)
    await settle(group, lease, Outcome.RELEASE, reason=HELD_UP)
    await lose(group, 1)

    assert (await take(group)) == ()
    assert bench.redis.exists("sl:{0}:g:crm:isolated")


async def test_an_isolated_event_waits_for_a_limit_apart_and_in_its_time(bench: Bench) -> None:
    """It may kill whoever runs beside it: it comes again apart from all others, and not before its time."""
    group = await bench.group(max_attempts=4)
    await bench.publish("e1")
    await lose(group, 2)
    assert (await take(group)) == ()
    (lease,) = await apart(group)

    await settle(group, lease, Outcome.RELEASE, delay=0.5, reason=HELD_UP)
    soon = await group.take(0, 10), await apart(group)
    await asyncio.sleep(0.6)
    ordinary = await group.take(0, 10)
    later = await apart(group)

    assert (soon[0].leases, soon[0].isolated, soon[1]) == ((), 0, ())
    assert (ordinary.leases, ordinary.isolated) == ((), 1)
    assert [each.entry_id for each in later] == [lease.entry_id]
    assert bench.redis.zcard("sl:{0}:g:crm:due") == 1


async def test_a_release_breaks_the_row_and_counts_nothing(bench: Bench) -> None:
    """An attempt handed back has come back: the loss before it is forgotten, and no failure is counted."""
    group = await bench.group(max_attempts=3)
    await bench.publish("e1")
    for _ in range(4):
        await lose(group, 1)
        (lease,) = await take(group)
        assert lease.failures == 0
        await settle(group, lease, Outcome.RELEASE)


async def test_poison_keeps_the_last_real_error(bench: Bench) -> None:
    """The dead letter of an entry that failed and then only lost its leases says both."""
    group = await bench.group(max_attempts=2)
    await bench.publish("e1")
    await settle(group, (await take(group))[0], Outcome.RETRY, error="ValueError: the real one")
    await lose(group, 1)
    await take(group)
    await apart(group)
    await lapse()

    assert (await group.take(0, 10)).poisoned == ("person.created",)

    ((_, letter),) = bench.redis.xrange("sl:{0}:g:crm:dead")
    assert letter["reason"] == "poison"
    assert "2 times in a row" in letter["error"]
    assert "ValueError: the real one" in letter["error"]


async def test_nothing_is_kept_of_a_finished_entry(bench: Bench) -> None:
    """Losses and errors are forgotten with the entry they belong to."""
    group = await bench.group()
    await bench.publish("e1")
    await settle(group, (await take(group))[0], Outcome.RETRY, error="ValueError: no")
    await lose(group, 1)
    await settle(group, (await take(group))[0], Outcome.DONE)

    assert not bench.redis.exists("sl:{0}:g:crm:attempts")


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_thousands_of_isolated_entries_hide_nothing(bench: Bench, ordering: Ordering) -> None:
    """Beside two thousand isolated entries a due retry and a new entry are found by the very next takes."""
    group = await bench.group(ordering=ordering)
    await bench.publish("retried", key="person:retried")
    await settle(group, (await take(group))[0], Outcome.RETRY, delay=0.2)
    await _make_isolated(bench, group, 2000)
    await bench.publish("new", key="person:new")
    await lapse()
    await lapse()
    await lapse()

    taken = [await group.take(0, 10), await group.take(0, 10)]

    assert {lease.event.event_id for part in taken for lease in part.leases} == {"retried", "new"}
    assert taken[-1].isolated == 2000


@pytest.mark.parametrize(("losses", "size"), [(2, 8), (3, 4), (4, 2), (5, 1), (7, 1)])
async def test_isolated_entries_come_in_ever_smaller_groups(bench: Bench, losses: int, size: int) -> None:
    """Of 64 slots eight isolated entries share a turn, after the next loss four, and soon each is alone."""
    group = await bench.group()
    await _make_isolated(bench, group, 20, losses)

    assert len(await apart(group, 64)) == size


async def test_a_killer_dies_after_its_attempts_and_takes_nobody_with_it(bench: Bench) -> None:
    """One deadly entry among fifty: its worker dies as often as allowed, no more, and all the others are done."""
    group = await bench.group(max_attempts=8)
    for number in range(50):
        await bench.publish(f"e{number}", key=f"person:{number}")

    deaths = 0
    for _ in range(400):
        taken = await group.take(0, 50)
        leases = taken.leases or (await apart(group, 50) if taken.isolated else ())
        if any(lease.event.event_id == "e7" for lease in leases):
            deaths += 1
            await lapse()
            continue
        for lease in leases:
            await settle(group, lease, Outcome.DONE)
        if not bench.pending():
            break

    assert deaths == 8
    ((_, letter),) = bench.redis.xrange("sl:{0}:g:crm:dead")
    assert (letter["id"], letter["reason"]) == ("e7", "poison")
    assert all(bench.record(f"e{n}")["crm"] == "done" for n in range(50) if n != 7)


async def test_a_late_done_after_poison_makes_the_event_done(bench: Bench) -> None:
    """Poison is a guess: when the worker lives after all, its done stands, and a redrive repeats nothing."""
    group = await bench.group(max_attempts=1)
    await bench.publish("e1")
    (lease,) = await take(group)
    await lapse()
    assert (await group.take(0, 10)).poisoned == ("person.created",)

    assert await settle(group, lease, Outcome.DONE) is Settled.LATE
    assert await settle(group, lease, Outcome.DONE) is Settled.GONE

    assert bench.record("e1")["crm"] == "done"
    ((letter, _),) = bench.redis.xrange("sl:{0}:g:crm:dead")
    assert await bench.store.run("redrive", 0, ["crm", 3600, "", "", "", 0, letter]) == [b"finished"]
    assert await take(group) == ()


async def test_what_is_done_is_never_buried(bench: Bench) -> None:
    """An entry whose late done was written down is finished when its heir dies in its last allowed attempt."""
    one, two = await bench.group(max_attempts=2), await bench.group(consumer="two", max_attempts=2)
    await bench.publish("e1")
    (old,) = await take(one)
    await lapse()
    await take(two)
    await apart(two)
    await settle(one, old, Outcome.DONE)
    await lapse()

    taken: Taken = await one.take(0, 10)

    assert (taken.leases, taken.poisoned) == ((), ())
    assert bench.pending() == {}
    assert bench.record("e1")["crm"] == "done"


async def _make_isolated(bench: Bench, group: Group, count: int, losses: int = 2) -> None:
    """Entries that lost leases in a row, in the store's own shape: losing them in fact would take minutes."""
    for number in range(count):
        await bench.publisher.publish(_delivery(number))
    with bench.redis.pipeline() as pipe:
        rows = bench.redis.xreadgroup("crm", "gone", {STREAM: ">"}, count)[0][1]
        for entry, fields in rows:
            pipe.xclaim(STREAM, "crm", "-", 0, [entry], retrycount=losses, justid=True)
            lane = f" {fields['key']}" if group.options.ordering is Ordering.ENTITY else ""
            if lane:
                pipe.rpush(f"sl:{{0}}:g:crm:lane:{fields['key']}", entry)
            pipe.zadd("sl:{0}:g:crm:isolated", {entry + lane: 1})
            pipe.hset("sl:{0}:g:crm:attempts", f"{entry}:lost", f"{losses} {losses} {losses}")
        pipe.execute()


def _delivery(number: int) -> NewDelivery:
    return NewDelivery("default", (NewEvent(f"s{number}", "person.created", f"person:{number}", "2026", b"{}"),))
