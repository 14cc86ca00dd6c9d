"""Groups are listed, paused, resumed and removed by hand."""

import pytest

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters
from salesloft_webhooks.broker.administration.groups import (
    Removal,
    active_consumers,
    pause,
    registrations,
    remove,
    resume,
)
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.settings import Ordering
from tests.support.broker_driver import Driven


async def test_a_group_is_listed_as_it_registered(driven: Driven) -> None:
    """Name, filter and ordering come from the registration."""
    await driven.group("crm", events=("person.*", "email.bounced"), ordering=Ordering.ENTITY)

    (found,) = await registrations(driven.store)

    assert (found.group, found.events, found.ordering) == ("crm", ("person.*", "email.bounced"), "entity")
    assert found.seen is not None


async def test_a_paused_group_takes_nothing_until_resumed(driven: Driven) -> None:
    """The pause holds on every partition, and ends on every partition."""
    group = await driven.group()
    await driven.publish(*(f"e{number}" for number in range(20)))

    assert await pause(driven.store, "crm")
    while_paused = await driven.take(group)
    assert await resume(driven.store, "crm")

    assert while_paused == []
    assert len(await driven.take(group)) == 20


async def test_a_pause_may_end_by_itself(driven: Driven) -> None:
    """A pause with a time leaves no key behind once the time is over."""
    await driven.group()

    await pause(driven.store, "crm", seconds=60.0)

    with driven.server.client() as client:
        assert all(50_000 < client.pttl(key) <= 60_000 for key in driven.keys("*:pause"))


async def test_pausing_replaces_a_breakers_pause(driven: Driven) -> None:
    """What somebody pauses stays paused although a breaker's pause would have ended."""
    group = await driven.group()
    await group.pause(60.0)

    await pause(driven.store, "crm")

    with driven.server.client() as client:
        assert {client.ttl(key) for key in driven.keys("*:pause")} == {-1}


async def test_an_unknown_group_is_neither_paused_nor_resumed_nor_removed(driven: Driven) -> None:
    """A typing error changes nothing and is told apart from success."""
    assert not await pause(driven.store, "cmr")
    assert not await resume(driven.store, "cmr")
    assert await remove(driven.store, "cmr") is Removal.UNKNOWN
    assert driven.keys() == []


async def test_a_group_with_a_live_worker_is_not_removed(driven: Driven) -> None:
    """A worker that asked for work a moment ago is alive; its group stays as it is."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.take(group)
    before = driven.keys()

    assert await remove(driven.store, "crm") is Removal.ACTIVE
    assert driven.keys() == before


@pytest.mark.parametrize("ordering", list(Ordering), ids=str)
async def test_a_silent_worker_with_a_lease_is_alive(driven: Driven, ordering: Ordering) -> None:
    """Having the hands full counts as a heartbeat as long as the lease is renewed."""
    busy, _ = await driven.group(consumer="busy", ordering=ordering), await driven.group(consumer="gone")
    await driven.publish("e1")
    await driven.take(busy)

    assert await active_consumers(driven.store, "crm", silence_seconds=0.0) == ["busy"]


async def test_a_worker_that_asks_in_vain_is_alive(driven: Driven) -> None:
    """With nothing to do, or paused, a worker still asks."""
    await driven.take(await driven.group(consumer="idle"))
    await pause(driven.store, "crm")
    await driven.take(await driven.group(consumer="paused"))

    assert await active_consumers(driven.store, "crm") == ["idle", "paused"]


async def test_a_worker_that_died_is_not_alive(driven: Driven) -> None:
    """A lapsed lease and silence make a worker dead."""
    group = await driven.group(lease_seconds=0.0)
    await driven.publish("e1")
    await driven.take(group)

    assert await active_consumers(driven.store, "crm", silence_seconds=0.0) == []


async def test_removing_takes_every_key_of_the_group_and_no_other(driven: Driven) -> None:
    """Lanes, due times, pause and registration go; other groups and the events stay."""
    crm, notify = await driven.group("crm", ordering=Ordering.ENTITY), await driven.group("notify")
    await driven.publish("a", "b", "c", person=1)
    await driven.publish("d", person=2)
    leases = await driven.take(crm)
    await driven.settle(crm, leases[:1], Outcome.RETRY, delay_seconds=60.0)
    await pause(driven.store, "crm")

    assert await remove(driven.store, "crm", force=True) is Removal.REMOVED

    assert driven.keys("*crm*") == []
    assert [row.group for row in await registrations(driven.store)] == ["notify"]
    assert sorted(await driven.handle(notify)) == ["a", "b", "c", "d"]


async def test_dead_letters_outlive_their_group_unless_discarded(driven: Driven) -> None:
    """Kept ones stay listed under the group's name; discarding takes the name, too."""
    await driven.publish("e1")
    await driven.kill(await driven.group())

    await remove(driven.store, "crm", force=True)
    kept = [letter.event_id async for letter in dead_letters(driven.store, DeadLetterFilter())]
    await remove(driven.store, "crm", discard_dead=True)

    assert kept == ["e1"]
    assert driven.keys("*crm*") == []
    assert await registrations(driven.store) == []


async def test_a_removed_group_holds_nothing_up(driven: Driven) -> None:
    """It has no lag, although its dead letters are still there."""
    await driven.publish("e1")
    await driven.kill(await driven.group())
    await remove(driven.store, "crm", force=True)
    await driven.publish("e2")

    (crm,) = (await measure(driven.store)).groups

    assert (crm.lag, crm.dead, crm.oldest_age_seconds) == (0, 1, 0.0)


async def test_a_group_with_much_pending_is_removed_in_stretches(driven: Driven) -> None:
    """More pending entries than one call forgets are all forgotten."""
    group = await driven.group(ordering=Ordering.ENTITY)
    await driven.publish(*(f"e{number}" for number in range(1_600)))
    for _ in range(4):
        await driven.take(group, 500)

    assert await remove(driven.store, "crm", force=True) is Removal.REMOVED
    assert driven.keys("*crm*") == []
