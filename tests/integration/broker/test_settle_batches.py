"""Settling many outcomes in one call: each ends as it would alone, whatever stands around it."""

import random
from dataclasses import replace

import pytest

from salesloft_webhooks.broker import Group, Lease, Outcome, Settled, Settlement
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import Bench, lapse, open_bench, take
from tests.support.servers import Server

MANY = 20


async def settle_all(group: Group, *outcomes: tuple[Lease, Outcome]) -> list[Settled]:
    """Settle in one call."""
    return await group.settle(0, [Settlement(lease, outcome, reason="permanent") for lease, outcome in outcomes])


async def publish_many(bench: Bench, kind: str) -> None:
    """Publish `MANY` events of as many people."""
    for number in range(MANY):
        await bench.publish(f"{kind}{number}", key=f"person:{kind}{number}")


@pytest.mark.parametrize("ordering", Ordering)
async def test_a_batch_in_any_order_ends_as_each_outcome_says(bench: Bench, ordering: Ordering) -> None:
    """Entries of another consumer lie between, leases are lost, entries finished: each gets its own answer."""
    one, two = await bench.group(ordering=ordering), await bench.group(consumer="two", ordering=ordering)
    await publish_many(bench, "lost")
    lost = await take(one, MANY)
    await lapse()
    one.options = two.options = replace(one.options, lease_seconds=60)
    await take(two, MANY)
    await publish_many(bench, "held")
    held = await take(one, MANY)
    await publish_many(bench, "finished")
    finished = await take(one, MANY)
    assert [len(lost), len(held), len(finished)] == [MANY] * 3
    await settle_all(one, *((lease, Outcome.DONE) for lease in finished))
    expected = [
        *((lease, Outcome.RETRY, Settled.LOST) for lease in lost),
        *((lease, Outcome.DONE, Settled.SETTLED) for lease in held[::2]),
        *((lease, Outcome.DEAD, Settled.SETTLED) for lease in held[1::2]),
        *((lease, Outcome.DONE, Settled.GONE) for lease in finished),
    ]
    random.Random(1).shuffle(expected)

    results = await settle_all(one, *((lease, outcome) for lease, outcome, _ in expected))

    assert results == [result for _, _, result in expected]
    assert set(bench.pending()) == {lease.entry_id for lease in lost}


async def test_an_entry_twice_in_a_batch_is_seen_as_the_first_left_it(bench: Bench) -> None:
    """What an outcome has changed is known to those behind it in the same call."""
    one = await bench.group(ordering=Ordering.ENTITY)
    for event_id in ("done", "again", "free"):
        await bench.publish(event_id, key=event_id)
    done, again, free = await take(one)

    results = await settle_all(
        one,
        *((done, Outcome.DONE), (done, Outcome.RETRY)),
        *((again, Outcome.RETRY), (again, Outcome.DEAD), (again, Outcome.DONE)),
        *((free, Outcome.RELEASE), (free, Outcome.RELEASE)),
    )

    assert results[:2] == [Settled.SETTLED, Settled.GONE]
    assert results[2:5] == [Settled.SETTLED, Settled.LOST, Settled.SETTLED]
    assert results[5:] == [Settled.SETTLED, Settled.LOST]
    assert bench.pending() == {free.entry_id: ("-", 0)}


async def test_what_stood_before_a_broken_record_is_finished(server: Server) -> None:
    """A key of the wrong type stops the call where it is; the outcomes before it are acknowledged all the same."""
    async with open_bench(server, store_format=1) as bench:  # of a record for each event; format 2 has many in a key
        one = await bench.group()
        await publish_many(bench, "e")
        first, broken, last = await take(one, 3)
        bench.redis.set(f"sl:{{0}}:event:{broken.event.event_id}", "tampered with")

        with pytest.raises(StoreError):
            await settle_all(one, *((lease, Outcome.DONE) for lease in (first, broken, last)))

        assert set(bench.pending()) == {broken.entry_id, last.entry_id}
        assert bench.redis.zcard("sl:{0}:g:crm:due") == 2
