"""Of several events with one key the last one's follow-up waits, in whatever order their attempts end."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from salesloft_webhooks.broker import DEBOUNCED, FollowUps, Group, Lease, Outcome, Settled, Settlement
from salesloft_webhooks.broker.administration.erasure import erase_person
from salesloft_webhooks.settings import Settings
from tests.integration.broker.debouncing_steps import TASK, became_of, put_off, settled
from tests.integration.broker.follow_up_steps import LATER, asked, begun, wanted
from tests.support.broker_bench import Bench, lapse, open_bench, settle, take
from tests.support.servers import Server

EVENTS = ("e1", "e2", "e3", "e4")


async def leased(bench: Bench, events: Sequence[str] = EVENTS) -> tuple[Group, tuple[Lease, ...]]:
    """A group without order that runs several events of a person."""
    group = await bench.group(lease_seconds=60)
    for event_id in events:
        await bench.publish(event_id)
    return group, await take(group)


async def test_the_last_takes_the_place_of_the_others(bench: Bench) -> None:
    """All are done as debounced, and only the last one's follow-up waits, and begins, as an event of its type."""
    group, leases = await leased(bench, EVENTS[:3])
    acts = [await settled(group, bench, lease, put_off(0.05)) for lease in leases]

    waiting = bench.redis.zrange(LATER, 0, -1)
    states = [await became_of(bench, event_id) for event_id in EVENTS[:3]]
    await asyncio.sleep(0.06)
    begins = await begun(group, bench)
    (lease,) = await take(group)

    assert waiting == [acts[2].follow_up]
    assert states == [("debounced", ["replaced"]), ("debounced", ["replaced"]), ("debounced", ["waiting"])]
    assert begins == 1
    assert (lease.event.event_id, lease.event.event_type) == (acts[2].follow_up, "person.created")
    assert lease.event.follow_up is not None
    assert (lease.event.follow_up.event_id, lease.event.follow_up.task) == ("e3", TASK)
    assert await became_of(bench, "e3") == ("debounced", ["begun"])


async def test_an_older_event_that_ends_late_replaces_nothing(bench: Bench) -> None:
    """Neither what waits of a newer one, nor what has begun, nor what is over; and no handler is called for it."""
    group, (first, second, third, last) = await leased(bench)
    newest = await settled(group, bench, last, put_off(0.05))

    await settled(group, bench, third)
    waiting = bench.redis.zrange(LATER, 0, -1)
    await asyncio.sleep(0.06)
    await begun(group, bench)
    await settled(group, bench, second)
    (running,) = await take(group)
    await settle(group, running, Outcome.DONE)
    await settled(group, bench, first)

    assert waiting == [newest.follow_up]
    assert bench.redis.zcard(LATER) == 0
    assert running.event.event_id == newest.follow_up
    assert [await became_of(bench, event_id) for event_id in EVENTS[:3]] == [("debounced", ["replaced"])] * 3


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(len(EVENTS))), handles=st.sets(st.integers(0, len(EVENTS) - 1)))
def test_in_any_order_the_last_is_handled_and_none_after_a_newer_one(
    shared_server: Server, order: Sequence[int], handles: set[int]
) -> None:
    """Attempts end in any order, and what is due begins between any two: one call a window, forward only."""

    async def run() -> list[str]:
        calls: list[str] = []

        async def handle(group: Group, bench: Bench) -> None:
            await begun(group, bench)
            for lease in await take(group):
                assert lease.event.follow_up is not None
                calls.append(lease.event.follow_up.event_id)
                await settle(group, lease, Outcome.DONE)

        with shared_server.client() as redis:
            redis.flushall()
        async with open_bench(shared_server) as bench:
            group, leases = await leased(bench)
            for step, number in enumerate(order):
                await settled(group, bench, leases[number], put_off(0))
                if step in handles:
                    await handle(group, bench)
            await handle(group, bench)
        return calls

    calls = asyncio.run(run())

    assert calls == sorted(set(calls))
    assert calls[-1] == EVENTS[-1]
    assert len(calls) <= len(handles) + 1


async def test_events_with_another_value_or_handler_are_others(bench: Bench) -> None:
    """Of one person each value of the field, and each handler, has its own; what an author asks for by key as well."""
    group, leases = await leased(bench)
    await asked(group, bench, leases[0], wanted("data.id", 60))

    for lease, what in zip(
        leases, (put_off(), put_off(value="2"), put_off(task="debounced/b"), put_off()), strict=True
    ):
        await settled(group, bench, lease, what)

    assert bench.redis.zcard(LATER) == 4


async def test_at_most_counts_from_the_first_that_waits(bench: Bench) -> None:
    """Each event puts it off, but not beyond that time; after it has begun, the time begins anew."""
    group, leases = await leased(bench)
    at_most = put_off(0.2, at_most=0.3)

    async def due_at(lease: Lease) -> float:
        act = await settled(group, bench, lease, at_most)
        return float(bench.redis.zscore(LATER, act.follow_up))

    first = await due_at(leases[0])
    await asyncio.sleep(0.05)
    second = await due_at(leases[1])
    await asyncio.sleep(0.1)
    third = await due_at(leases[2])
    await asyncio.sleep(0.3)
    begins = await begun(group, bench)
    (called,) = await take(group)
    fourth = await due_at(leases[3])

    assert 40 < second - first < 100  # ms: put off; and no more than to 100 after the first one's time
    assert third - first == 100
    assert begins == 1
    assert called.event.follow_up is not None
    assert called.event.follow_up.due_at - called.event.follow_up.asked_at == timedelta(seconds=0.3)
    assert fourth - third > 100


async def test_a_lost_lease_and_a_repeat_change_nothing(bench: Bench) -> None:
    """Two consumers run one event: what is asked for counts once, in the call that makes it done."""
    group = await bench.group()
    other = await bench.group(consumer="two")
    await bench.publish("e1")
    (lease,) = await take(group)
    await lapse()
    (again,) = await take(other)
    act = await settled(other, bench, again, put_off(0))
    await begun(group, bench)

    follow_ups = FollowUps(bench.store, group.options)
    late = await follow_ups.act(lease, put_off(0))
    results = await group.settle(0, [Settlement(lease, Outcome.DONE, reason=DEBOUNCED, follow_ups=(late,))] * 2)

    assert results == [Settled.GONE] * 2
    assert late.follow_up == act.follow_up
    assert bench.redis.zcard(LATER) == 0


async def test_what_is_said_again_keeps_to_the_order_of_events(bench: Bench) -> None:
    """A promoted replica hears of the older one last, or of the newer one last: the newer one waits either way."""
    group, leases = await leased(bench)
    follow_ups = FollowUps(bench.store, group.options)
    acts = [
        replace(await follow_ups.act(lease, put_off()), stored=time.monotonic() - ago)
        for lease, ago in zip(leases, (1, 3, 4, 2), strict=True)
    ]

    for number in (1, 0, 3, 2):
        settlement = Settlement(leases[number], Outcome.DONE, reason=DEBOUNCED, follow_ups=(acts[number],))
        await group.settle(0, [settlement])

    assert bench.redis.zrange(LATER, 0, -1) == [acts[3].follow_up]


async def test_erased_is_what_waits_and_what_older_events_ask_for(bench: Bench) -> None:
    """Nothing of an erased person waits, also not what an event of theirs asks for that still ran."""
    group, (first, second) = await leased(bench, EVENTS[:2])
    await settled(group, bench, second)

    settings = Settings.load(redis_url="redis://127.0.0.1:1")
    erased = await erase_person(bench.store, settings, "1", patience_seconds=0.1, files=False)
    await settled(group, bench, first)

    assert erased.follow_ups == 1
    assert bench.redis.zcard(LATER) == 0
