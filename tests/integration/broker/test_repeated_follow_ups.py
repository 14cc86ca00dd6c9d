"""Follow-ups that are said again, asked for anew, or superseded: what was meant last is what stands."""

import asyncio
import time
from itertools import permutations

import pytest
from msgspec.structs import replace

from salesloft_webhooks.broker import FollowUpAct, FollowUps, Outcome, Settlement
from salesloft_webhooks.follow_ups import id_of
from tests.integration.broker.follow_up_steps import LATER, asked, begun, running, wanted
from tests.support.broker_bench import Bench, settle, take


@pytest.mark.parametrize("ended", [True, False], ids=["done since", "runs"])
async def test_a_repeated_retry_takes_back_nothing_that_was_asked_since(bench: Bench, ended: bool) -> None:  # noqa: FBT001
    """Its answer was lost, and the next attempt has asked again elsewhere: what the first had withdrawn waits."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=60))
    withdrawn = await FollowUps(bench.store, group.options).end_by_key(lease, "k")
    first = Settlement(lease, Outcome.RETRY, follow_ups_before=withdrawn.here)
    await group.settle(0, [first])
    two = await bench.group(consumer="two", lease_seconds=60)
    (again,) = await take(two)
    await asked(two, bench, again, wanted(after=60))
    if ended:
        await settle(two, again, Outcome.DONE)

    await group.settle(0, [first])

    assert bench.redis.zcard(LATER) == 1


@pytest.mark.parametrize("ended", [True, False], ids=["done since", "runs"])
async def test_a_repeated_retry_brings_back_nothing_that_was_cancelled_since(bench: Bench, ended: bool) -> None:  # noqa: FBT001
    """Its answer was lost, and the next attempt has cancelled what the first had asked for: it does not wait."""
    group, lease = await running(bench)
    follow_ups = FollowUps(bench.store, group.options)
    act = await follow_ups.act(lease, wanted(after=60))
    await follow_ups.ask(lease, act)
    first = Settlement(lease, Outcome.RETRY, follow_ups_before=(replace(act, stored=time.monotonic()),))
    await group.settle(0, [first])
    two = await bench.group(consumer="two", lease_seconds=60)
    (again,) = await take(two)
    await follow_ups.end_by_key(again, "k")
    if ended:
        await settle(two, again, Outcome.DONE)

    await group.settle(0, [first])

    assert bench.redis.zcard(LATER) == 0


@pytest.mark.parametrize("known", [True, False], ids=["known", "lost"])
async def test_what_came_with_done_survives_an_earlier_withdrawal(bench: Bench, known: bool) -> None:  # noqa: FBT001
    """Asked, cancelled and asked for with `done` by one handler: all of it said again, it waits all the same."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=60))
    follow_ups = FollowUps(bench.store, group.options)
    ended = await follow_ups.end_by_key(lease, "k")
    act = await follow_ups.act(lease, wanted(after=60))
    done = Settlement(lease, Outcome.DONE, follow_ups=(act,), follow_ups_before=ended.here)
    if known:
        await group.settle(0, [done])

    await group.settle(0, [replace(done, follow_ups=(replace(act, stored=time.monotonic()),))])

    assert bench.redis.zcard(LATER) == 1


async def test_of_one_follow_up_the_later_time_stands(bench: Bench) -> None:
    """A promoted replica knows the first time only: said again, the later one counts, whatever is said last."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=60))
    follow_ups = FollowUps(bench.store, group.options)
    now = time.monotonic()
    before = replace(await follow_ups.act(lease, wanted(after=5)), stored=now - 30)
    put_off = replace(await follow_ups.act(lease, wanted(after=6000)), stored=now)

    await asyncio.sleep(0.01)
    await group.settle(0, [Settlement(lease, Outcome.DONE, follow_ups=(put_off,), follow_ups_before=(before,))])

    ((_, due),) = bench.redis.zrange(LATER, 0, -1, withscores=True)
    assert due - bench.redis.time()[0] * 1_000 > 5_000_000


@pytest.mark.parametrize("order", list(permutations("abc")), ids="".join)
async def test_what_was_replaced_does_not_come_back_in_any_order(bench: Bench, order: tuple[str, ...]) -> None:
    """One asks, another replaces that, a third cancels the second: three workers say it again, and nothing waits."""
    group = await bench.group(lease_seconds=60)
    for name in "abc":
        await bench.publish(name)
    leases = {lease.event.event_id: lease for lease in await take(group)}
    follow_ups, now = FollowUps(bench.store, group.options), time.monotonic()
    asks = {name: await follow_ups.act(leases[name], wanted(after=60)) for name in "ab"}
    acts = {
        "a": replace(asks["a"], stored=now - 3),
        "b": replace(asks["b"], stored=now - 2),
        "c": FollowUpAct(asks["b"].follow_up, ended="cancelled", stored=now - 1),
    }

    for name in order:
        await group.settle(0, [Settlement(leases[name], Outcome.DONE, follow_ups_before=(acts[name],))])

    assert bench.redis.zcard(LATER) == 0


@pytest.mark.parametrize("outcome", [Outcome.DEAD, Outcome.RETRY])
async def test_what_has_begun_is_replaced_by_none(bench: Bench, outcome: Outcome) -> None:
    """The next event asks by the same key: a dead follow-up can still be redriven, and a failed one is tried again."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await settle(group, lease, Outcome.DONE)
    await begun(group, bench)
    (first,) = await take(group)
    await settle(group, first, outcome, delay=0.3)
    await bench.publish("e2")
    (second,) = await take(group)

    await asked(group, bench, second, wanted(after=60))

    await asyncio.sleep(0.4)
    if outcome is Outcome.DEAD:
        ((letter, _),) = bench.redis.xrange("sl:{0}:g:crm:dead")
        await bench.store.run("redrive", 0, ["crm", 60, "", "", "", 0, letter])
    assert [one.event.event_id for one in await take(group)] == [first.event.event_id]
    assert bench.redis.zrange(LATER, 0, -1) == [id_of("crm", "e2", "k")]
    ended = await FollowUps(bench.store, group.options).end_by_key(second, "k")
    assert {one.follow_up for one in ended.here} == {id_of("crm", "e1", "k"), id_of("crm", "e2", "k")}
