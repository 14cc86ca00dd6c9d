"""What people do with follow-ups: cancelled for good, run now, whoever takes, moves or repeats it at that moment."""

from typing import Any

import pytest

from salesloft_webhooks.broker import Outcome, Settled
from salesloft_webhooks.broker.administration.follow_up_acts import (
    KnownFollowUp,
    cancel_follow_ups,
    find_follow_up,
)
from salesloft_webhooks.broker.administration.follow_up_filter import Cancelled, FollowUpFilter, RunNow
from salesloft_webhooks.broker.administration.follow_up_look import page
from salesloft_webhooks.broker.administration.groups import resume
from salesloft_webhooks.broker.administration.selected import matching_follow_ups, named_follow_ups
from salesloft_webhooks.follow_ups import id_of
from salesloft_webhooks.settings import Ordering
from tests.integration.broker.administration.follow_up_driver import cancelled, run
from tests.integration.broker.follow_up_steps import LATER, asked, begun, running, wanted
from tests.support.broker_bench import Bench, open_bench, settle, take
from tests.support.broker_driver import TTL
from tests.support.servers import Server
from tests.support.waiting_follow_up import let_one_wait

NAME = id_of("crm", "e1", "k")


@pytest.fixture
async def bench(server: Server) -> Any:
    """Of one partition, on both engines."""
    async with open_bench(server) as opened:
        yield opened


async def state(bench: Bench, name: str = NAME) -> str:
    """Where one is."""
    found = await find_follow_up(bench.store, name)
    return found.state if found else ""


async def test_what_waits_is_cancelled_for_good(bench: Bench) -> None:
    """It is gone, its event does not bring it back, another attempt of it included; a second time it is over."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=60))

    assert await cancelled(bench, NAME) == ["cancelled"]

    assert bench.redis.zcard(LATER) == bench.redis.hlen(f"{LATER}:entries") == 0
    assert await asked(group, bench, lease, wanted()) is False
    assert await state(bench) == "cancelled"
    assert await cancelled(bench, NAME) == ["over"]


async def test_what_is_due_and_taken_by_nobody_is_given_to_nobody(bench: Bench) -> None:
    """Cancelled between its time and a take, no worker gets it."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await begun(group, bench)

    assert await cancelled(bench, NAME) == ["cancelled"]

    assert await take(group) == ()


async def test_what_a_worker_runs_runs_on_and_is_not_tried_again(bench: Bench) -> None:
    """Whoever cancels hears so."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await begun(group, bench)
    (again,) = await take(group)

    assert await cancelled(bench, NAME) == ["running"]

    await settle(group, again, Outcome.RETRY)
    assert await take(group) == ()


async def test_what_is_handled_is_over(bench: Bench) -> None:
    """Nothing is said about it that is not true any more, and its record stays."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await begun(group, bench)
    (again,) = await take(group)
    await settle(group, again, Outcome.DONE)

    assert await cancelled(bench, NAME) == ["over"]
    assert await state(bench) == "begun"
    assert await run(bench, NAME) is RunNow.OVER


async def test_one_that_begins_meanwhile_is_cancelled_all_the_same(bench: Bench) -> None:
    """Who cancels what waits means it, also when it becomes an entry right before: no worker is given it."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await settle(group, lease, Outcome.DONE)
    found = await named_follow_ups(bench.store, [NAME])

    assert await begun(group, bench) == 1
    done = cancel_follow_ups(bench.store, found.items, idempotency_ttl_seconds=TTL)

    assert [outcome async for _, outcome in done] == ["cancelled"]
    assert await take(group) == ()


async def test_one_that_is_taken_meanwhile_runs_and_is_said_to(bench: Bench) -> None:
    """A take that comes first has it; a cancellation that comes first leaves it nothing."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await settle(group, lease, Outcome.DONE)
    found = await named_follow_ups(bench.store, [NAME])
    await begun(group, bench)

    (again,) = await take(group)
    done = cancel_follow_ups(bench.store, found.items, idempotency_ttl_seconds=TTL)

    assert [outcome async for _, outcome in done] == ["running"]
    assert await settle(group, again, Outcome.DONE) is Settled.SETTLED


async def test_all_that_match_at_that_moment(bench: Bench) -> None:
    """Those of a filter and no others; what is asked for since is not among them."""
    await bench.group()
    hers = [await let_one_wait(bench.store, 7, key=f"k{number}") for number in range(250)]
    others = await let_one_wait(bench.store, 8)

    selected = await matching_follow_ups(bench.store, FollowUpFilter(entity_key="person:7"))
    later = await let_one_wait(bench.store, 7, key="later", asks="later")
    done = cancel_follow_ups(bench.store, selected.items, idempotency_ttl_seconds=TTL)
    outcomes = [outcome async for _, outcome in done]

    assert (selected.total, outcomes) == (len(hers), [Cancelled.CANCELLED] * len(hers))
    assert {one.event_id for one in (await page(bench.store, FollowUpFilter(), limit=9)).found} == {others, later}


async def test_one_that_nobody_knows_is_missing(bench: Bench) -> None:
    """An event, a name of nothing, one of another form: none is a follow-up, and nothing is written for it."""
    await bench.group()
    await bench.publish("e1")
    keys = bench.redis.dbsize()

    found = await named_follow_ups(bench.store, ["e1", NAME, "follow-up/é", "follow-up/a b\n"])

    assert (found.total, len(found.missing)) == (0, 4)
    assert bench.redis.dbsize() == keys


async def test_run_now_is_an_event_at_once(bench: Bench) -> None:
    """It is given to the next worker that takes, with the time at which it was made due; asked again, it is over."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=3_600))
    await settle(group, lease, Outcome.DONE)

    assert await run(bench, NAME) is RunNow.BEGUN

    (again,) = await take(group)
    assert again.event.follow_up is not None
    assert again.event.follow_up.asked_at <= again.event.follow_up.due_at <= again.event.received_at
    assert await run(bench, NAME) is RunNow.OVER
    assert await take(group) == ()


async def test_run_now_waits_in_its_persons_lane(bench: Bench) -> None:
    """In an ordered group it comes behind what is not finished of her."""
    group, lease = await running(bench, ordering=Ordering.ENTITY)
    await asked(group, bench, lease, wanted(after=3_600))

    assert await run(bench, NAME) is RunNow.BEGUN

    assert await take(group) == ()
    await settle(group, lease, Outcome.DONE)
    assert [one.event.event_id for one in await take(group)] == [NAME]


async def test_run_now_of_a_paused_group_is_due(bench: Bench) -> None:
    """It begins when the pause is over, and can be cancelled until then."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=3_600))
    await settle(group, lease, Outcome.DONE)
    await bench.store.run("pause", 0, ["crm", "manual", 0, ""])

    assert await run(bench, NAME) is RunNow.DUE
    assert await begun(group, bench) == 0
    assert await state(bench) == "waiting"
    await resume(bench.store, "crm")

    assert await begun(group, bench) == 1


async def test_run_now_waits_for_format_two(server: Server) -> None:
    """As long as version 0.1.0 may be there it is due, and becomes no entry, of which that version would die."""
    async with open_bench(server, store_format=1) as bench:
        group, lease = await running(bench)
        await asked(group, bench, lease, wanted(after=3_600))

        assert await run(bench, NAME) is RunNow.DUE
        assert bench.redis.xlen("sl:{0}:events") == 1
        bench.redis.hset("sl:format", "written", 2)

        assert await begun(group, bench) == 1


async def test_run_now_changes_no_earlier_time(bench: Bench) -> None:
    """What was due before says so still: how late it is stays known."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    due = bench.redis.zscore(LATER, NAME)
    await bench.store.run("pause", 0, ["crm", "manual", 0, ""])

    assert await run(bench, NAME) is RunNow.DUE
    assert bench.redis.zscore(LATER, NAME) == due


async def test_what_was_forgotten_is_said_to_be(bench: Bench) -> None:
    """Of one whose end nobody remembers any more nothing is known."""
    assert await find_follow_up(bench.store, NAME) is None
    assert not isinstance(await find_follow_up(bench.store, "follow-up/"), KnownFollowUp)
