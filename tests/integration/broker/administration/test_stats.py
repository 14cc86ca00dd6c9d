"""`measure` says what every group still has to do, and how full the store is."""

import asyncio

import pytest

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration import stats as stats_module
from salesloft_webhooks.broker.administration.groups import pause
from salesloft_webhooks.broker.administration.stats import GroupStats, Stats, measure
from salesloft_webhooks.broker.administration.stored_pause import Pause
from salesloft_webhooks.settings import Ordering
from tests.support.broker_driver import Driven


def of(stats: Stats, group: str = "crm") -> GroupStats:
    """The row of one group."""
    return next(row for row in stats.groups if row.group == group)


async def test_an_empty_store_has_nothing_to_say(driven: Driven) -> None:
    """Without a group and without an event there are no groups, and partitions of length zero."""
    stats = await measure(driven.store)

    assert stats.groups == ()
    assert [(row.partition, row.entries, row.quarantined) for row in stats.partitions] == [
        (0, 0, 0),
        (1, 0, 0),
        (2, 0, 0),
    ]
    assert all(row.memory_used_bytes > 0 for row in stats.partitions)


async def test_what_nobody_has_read_is_lag_on_every_partition(driven: Driven) -> None:
    """Lag counts the unread entries of all partitions."""
    await driven.group()

    await driven.publish(*(f"e{number}" for number in range(20)))
    stats = await measure(driven.store)

    assert of(stats).lag == 20
    assert sum(row.entries for row in stats.partitions) == 20
    assert all(row.entries > 0 for row in stats.partitions), "the test's events reach every partition"


async def test_each_state_of_an_entry_is_counted_where_it_belongs(driven: Driven) -> None:
    """Running, scheduled, parked and dead entries are told apart, and add up to pending."""
    group = await driven.group(ordering=Ordering.ENTITY)
    await driven.publish("running", "behind", "further-behind", person=1)
    await driven.publish("retry", person=2)
    await driven.publish("dead", person=3)
    await driven.publish("done", person=4)
    leases = {lease.event.event_id: lease for lease in await driven.take(group)}
    await driven.settle(group, [leases["retry"]], Outcome.RETRY, delay_seconds=60.0)
    await driven.settle(group, [leases["dead"]], Outcome.DEAD, reason="permanent", error="ValueError: no")
    await driven.settle(group, [leases["done"]], Outcome.DONE)

    crm = of(await measure(driven.store))

    assert (crm.lag, crm.pending, crm.running, crm.scheduled, crm.parked, crm.due, crm.dead) == (0, 4, 1, 1, 2, 0, 1)
    assert crm.consumers == 1


async def test_what_should_run_now_is_due(driven: Driven) -> None:
    """An entry whose retry time or lease is over is due."""
    group = await driven.group(lease_seconds=0.01)
    await driven.publish("lapsed", "retry")
    leases = await driven.take(group)
    await driven.settle(group, leases[:1], Outcome.RETRY, delay_seconds=0.01)

    await asyncio.sleep(0.05)

    assert of(await measure(driven.store)).due == 2


async def test_the_oldest_unfinished_event_gives_the_age(driven: Driven) -> None:
    """Pending and unread entries make a group older, finished ones do not."""
    group = await driven.group()
    await driven.publish("pending", person=1)
    leases = await driven.take(group)
    await asyncio.sleep(0.3)
    await driven.publish("unread", person=1)
    await asyncio.sleep(0.1)

    pending = of(await measure(driven.store)).oldest_age_seconds
    await driven.settle(group, leases, Outcome.DONE)
    unread = of(await measure(driven.store)).oldest_age_seconds
    await driven.handle(group)
    finished = of(await measure(driven.store)).oldest_age_seconds

    assert pending >= 0.4
    assert 0.1 <= unread < pending - 0.2
    assert finished == 0.0


@pytest.mark.parametrize("read", [0, 3, 7, 9])
async def test_lag_is_counted_where_the_server_cannot_tell(
    driven: Driven, monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    """After an XDEL in the unread part XINFO says nil; the entries are counted then, from the nearer end."""
    group = await driven.group()
    await driven.publish(*(f"e{number}" for number in range(10)), person=1)
    if read:
        await driven.take(group, read)
    with driven.server.client() as client:
        (key,) = (key for key in driven.keys("*:events") if client.xlen(key))
        client.xdel(key, client.xrange(key)[9][0], client.xrange(key)[0][0])
        if read < 9:
            assert client.xinfo_groups(key)[0]["lag"] is None, "the test provokes what it is about"
    monkeypatch.setattr(stats_module, "COUNTED_AT_ONCE", 1)

    assert of(await measure(driven.store)).lag == 9 - max(1, read)


async def test_a_group_that_has_read_nearly_nothing_is_counted_at_once(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long backlog with an entry deleted in it does not make every look go through all of it."""
    group = await driven.group()
    await driven.publish(*(f"e{number}" for number in range(300)), person=1)
    await driven.take(group, 1)
    with driven.server.client() as client:
        (key,) = (key for key in driven.keys("*:events") if client.xlen(key))
        client.xdel(key, client.xrange(key)[50][0])
        client.config_resetstat()
    monkeypatch.setattr(stats_module, "COUNTED_AT_ONCE", 5)

    assert of(await measure(driven.store)).lag == 298

    with driven.server.client() as client:
        stretches = sum(
            row["calls"]
            for name, row in client.info("commandstats").items()
            if name in {"cmdstat_xrange", "cmdstat_xrevrange"}
        )
    assert stretches < 20, "there are 60"


async def test_a_pause_by_hand_and_by_a_breaker_are_told_apart(driven: Driven) -> None:
    """A manual pause has no end, a breaker's has."""
    crm, notify = await driven.group("crm"), await driven.group("notify")
    await pause(driven.store, crm.options.name)
    await notify.pause(30.0, "Unavailable: the CRM is down")

    stats = await measure(driven.store)

    assert (of(stats, "crm").pause, of(stats, "crm").pause_seconds) == (Pause.MANUAL, None)
    assert (of(stats, "crm").pause_reason, of(stats, "notify").pause_reason) == ("", "Unavailable: the CRM is down")
    assert of(stats, "notify").pause is Pause.BREAKER
    assert 29.0 < (of(stats, "notify").pause_seconds or 0.0) <= 30.0


async def test_a_consumer_of_several_partitions_is_one(driven: Driven) -> None:
    """A worker that serves all partitions counts once; the pseudo consumer not at all."""
    one, two = await driven.group(consumer="one"), await driven.group(consumer="two")
    await driven.publish(*(f"e{number}" for number in range(20)))
    leases = await driven.take(one, 3)
    await driven.take(two, 3)
    await driven.settle(one, leases, Outcome.RETRY, delay_seconds=60.0)

    assert of(await measure(driven.store)).consumers == 2


async def test_only_consumers_that_are_there_are_counted(driven: Driven) -> None:
    """Who asks in vain is there, and so is who holds something; who does neither is gone."""
    busy, idle = await driven.group(consumer="busy"), await driven.group(consumer="idle")
    await driven.publish("e1", person=1)
    await driven.take(busy)
    await driven.take(idle)

    now = of(await measure(driven.store)).consumers
    later = of(await measure(driven.store, silence_seconds=0.0)).consumers

    assert (now, later) == (2, 1)


async def test_consumers_of_a_paused_group_are_there(driven: Driven) -> None:
    """A worker that is told to wait has shown that it lives."""
    group = await driven.group()
    await pause(driven.store, "crm")

    await driven.take(group)

    assert of(await measure(driven.store)).consumers == 1


async def test_a_consumer_that_leaves_is_not_counted(driven: Driven) -> None:
    """A worker that stops says goodbye; nobody waits for its silence."""
    group = await driven.group()
    await driven.take(group)

    await group.retire(leaving=True)

    assert of(await measure(driven.store)).consumers == 0


async def test_history_is_measured(driven: Driven) -> None:
    """How much memory a stream takes and how far back it reaches."""
    empty = (await measure(driven.store)).partitions[0]
    await driven.publish(*[f"e{number}" for number in range(100)])
    await asyncio.sleep(0.05)

    full = (await measure(driven.store)).partitions[0]

    assert (empty.stream_bytes, empty.history_seconds) == (0, 0.0)
    assert 3_000 < full.stream_bytes < 30_000
    assert 0.04 < full.history_seconds < 10
