"""Trim, audit and retire."""

import asyncio
from typing import Any

import pytest

from salesloft_webhooks.broker import Group, Outcome, Settled, Settlement, Store, audit, trim
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import STREAM, Bench, lapse, settle, take


async def test_trim_removes_what_every_group_has_finished(bench: Bench) -> None:
    """The oldest unfinished entry of the slowest group, and all behind it, stay."""
    fast, slow = await bench.group(), await bench.group("notify")
    for number in range(10):
        await bench.publish(f"e{number}")
    for lease in await take(fast):
        await settle(fast, lease, Outcome.DONE)
    slow_leases = await take(slow, 6)
    for lease in (*slow_leases[:3], *slow_leases[4:]):
        await settle(slow, lease, Outcome.DONE)

    assert await trim(bench.store, 0, 0.0) == 3

    assert [fields["id"] for _, fields in bench.redis.xrange(STREAM)][:2] == ["e3", "e4"]


async def test_trim_keeps_what_nobody_has_been_given(bench: Bench) -> None:
    """Undelivered entries stay, and without a group everything does."""
    await bench.publish("e1")
    assert await trim(bench.store, 0, 0.0) == 0

    await bench.group()
    assert await trim(bench.store, 0, 0.0) == 0


async def test_trim_keeps_the_retention(bench: Bench) -> None:
    """Finished entries younger than the retention stay for replays."""
    group = await bench.group()
    await bench.publish("e1")
    await settle(group, (await take(group))[0], Outcome.DONE)

    assert await trim(bench.store, 0, 3600.0) == 0
    await lapse()
    assert await trim(bench.store, 0, 0.01) == 1


async def test_one_trim_call_stays_within_its_slice(bench: Bench) -> None:
    """However much there is to remove, one call removes no more than its limit, so the server is never blocked long."""
    group = await bench.group()
    for number in range(450):
        await bench.publisher.publish(_delivery(number))
    while leases := await take(group, 500):
        for lease in leases:
            await settle(group, lease, Outcome.DONE)

    removed, _ = await bench.store.run("trim", 0, [0, 150, ""])
    assert 0 < removed <= 150


async def test_trim_goes_on_beyond_one_slice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a slice is removed in several calls, to the last entry."""
    monkeypatch.setattr("salesloft_webhooks.broker.maintenance.SLICE", 100)
    group = await bench.group()
    for number in range(450):
        await bench.publisher.publish(_delivery(number))
    while leases := await take(group, 500):
        for lease in leases:
            await settle(group, lease, Outcome.DONE)

    assert await trim(bench.store, 0, 0.0) == 450


async def test_trim_ends_while_entries_grow_old(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round is over although during each of its calls more entries cross the retention's edge than it removes."""
    monkeypatch.setattr("salesloft_webhooks.broker.maintenance.SLICE", 100)
    group = await bench.group()
    calls, run = 0, Store.run

    async def slow(self: Store, name: str, *rest: Any, **more: Any) -> Any:
        nonlocal calls
        if name == "trim":
            calls += 1
            for number in range(150):
                await bench.publisher.publish(_delivery(calls * 1_000 + number))
            while leases := await take(group, 500):
                await group.settle(0, [Settlement(lease, Outcome.DONE) for lease in leases])
            await asyncio.sleep(0.01)
        return await run(self, name, *rest, **more)

    monkeypatch.setattr(Store, "run", slow)
    for number in range(300):
        await bench.publisher.publish(_delivery(number))

    await asyncio.wait_for(trim(bench.store, 0, 0.005), 20)

    assert 2 <= calls < 12


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_the_audit_finds_entries_without_a_due_time(bench: Bench, ordering: Ordering) -> None:
    """After somebody deleted the due times, every entry is found again, run once each, and lanes keep their order."""
    group = await bench.group(ordering=ordering)
    for event_id in ("a1", "a2", "a3"):
        await bench.publish(event_id)
    await take(group)
    bench.redis.delete("sl:{0}:g:crm:due")

    assert await audit(bench.store, 0, "crm", "-", 0.01) == ("-", 3)

    assert await _work_off(group) == ["a1", "a2", "a3"]


async def test_the_audit_builds_a_vanished_lane_again(bench: Bench) -> None:
    """After somebody deleted a lane, its parked entries stand in it again, in arrival order."""
    group = await bench.group(ordering=Ordering.ENTITY)
    for event_id in ("a1", "a2", "a3"):
        await bench.publish(event_id)
    await take(group)
    bench.redis.delete("sl:{0}:g:crm:lane:person:1")

    _, repaired = await audit(bench.store, 0, "crm", "-", 0.01)

    assert repaired > 0
    assert await _work_off(group) == ["a1", "a2", "a3"]


async def test_the_audit_leaves_a_sound_group_alone(bench: Bench) -> None:
    """Running, scheduled and parked entries need no repair, and the cursor goes through them slice by slice."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=60)
    for number in range(205):
        await bench.publish(f"e{number}", key=f"person:{number % 3}")
    leases = await take(group, 300)
    await settle(group, leases[0], Outcome.RETRY, delay=60)

    cursor, first = await audit(bench.store, 0, "crm", "-", 60)
    end, second = await audit(bench.store, 0, "crm", cursor, 60)

    assert cursor != "-"
    assert (end, first, second) == ("-", 0, 0)


async def test_retire_removes_consumers_that_hold_nothing(bench: Bench) -> None:
    """A silent consumer without pending entries goes; one that holds something stays, for its entries' sake."""
    holding, silent, leaving = [
        await bench.group(consumer=name, lease_seconds=60) for name in ("holding", "silent", "leaving")
    ]
    for event_id in ("e1", "e2", "e3"):
        await bench.publish(event_id)
    await take(holding, 1)
    for consumer in (silent, leaving):
        await settle(consumer, (await take(consumer, 1))[0], Outcome.DONE)

    assert await leaving.retire(leaving=True) == 1
    assert await holding.retire(idle_seconds=0.0) == 1

    assert [consumer["name"] for consumer in bench.redis.xinfo_consumers(STREAM, "crm")] == ["holding"]


async def _work_off(group: Group) -> list[str]:
    """Handle everything that comes, for a while; the ids in the order they were given."""
    order: list[str] = []
    for _ in range(30):
        for lease in await take(group, 1):
            order.append(lease.event.event_id)
            assert await settle(group, lease, Outcome.DONE) is Settled.SETTLED
        await asyncio.sleep(0.01)
    return order


def _delivery(number: int) -> NewDelivery:
    return NewDelivery("default", (NewEvent(f"e{number}", "person.created", f"person:{number}", "2026", b"{}"),))
