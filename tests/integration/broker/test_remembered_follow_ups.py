"""What the store remembers of follow-ups, and for how long; what is said again to a store that has forgotten."""

import asyncio
import time
from dataclasses import replace as replace_stats

import pytest
from msgspec.structs import replace

from salesloft_webhooks.broker import FollowUpAct, FollowUps, Outcome, Settlement
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter, Redriven
from salesloft_webhooks.broker.administration.dead_letter_look import newest_letters
from salesloft_webhooks.broker.administration.dead_letters import dead_letters, redrive
from salesloft_webhooks.broker.administration.erasure import erase_person
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.replay import Replayed, Selection, replay, replay_event
from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.follow_ups import id_of
from salesloft_webhooks.settings import Settings
from tests.integration.broker.administration.run_driver import finish
from tests.integration.broker.follow_up_steps import LATER, asked, begun, running, wanted
from tests.support.broker_bench import Bench, settle, take


async def test_what_waits_has_no_end(bench: Bench) -> None:
    """Held back for longer than anything is remembered, a follow-up is cancelled, erased or begun as ever."""
    group, lease = await running(bench, idempotency_ttl_seconds=1)
    await bench.publish("e2", key="person:2")
    (other,) = await take(group)
    await asked(group, bench, lease, wanted("begins"))
    await asked(group, bench, lease, wanted("cancelled"))
    await asked(group, bench, other, wanted("erased"))
    await asyncio.sleep(2.2)

    ended = await FollowUps(bench.store, group.options).end_by_key(lease, "cancelled")
    settings = Settings.load(redis_url="redis://127.0.0.1:1")
    erased = await erase_person(bench.store, settings, "2", patience_seconds=0.1, files=False)

    assert (ended.found, erased.follow_ups) == (True, 1)
    assert await begun(group, bench) == 1
    assert not bench.redis.exists(LATER, f"{LATER}:entries", f"{LATER}:subjects")


async def test_an_event_takes_back_and_asks_again(bench: Bench) -> None:
    """What its handler cancels and asks for waits after each attempt; what another event has cancelled does not."""
    group, lease = await running(bench)
    follow_ups = FollowUps(bench.store, group.options)
    for _ in range(2):
        await follow_ups.end_by_key(lease, "k")
        assert await asked(group, bench, lease, wanted(after=60))
    await bench.publish("e2")
    (other,) = await take(group)

    await follow_ups.end_by_key(other, "k")

    assert await asked(group, bench, lease, wanted(after=60)) is False
    assert bench.redis.zcard(LATER) == 0


async def test_what_a_promoted_replica_hears_first_may_be_the_end(bench: Bench) -> None:
    """Two workers say again: the cancellation comes before what it cancels, which then does not wait."""
    group, sent = await running(bench)
    await bench.publish("reply")
    (reply,) = await take(group)
    act = await FollowUps(bench.store, group.options).act(sent, wanted(after=60))
    ended = FollowUpAct(act.follow_up, ended="cancelled", stored=time.monotonic())

    await group.settle(0, [Settlement(reply, Outcome.DONE, follow_ups_before=(ended,))])
    await group.settle(0, [Settlement(sent, Outcome.DONE, follow_ups=(act,))])

    assert bench.redis.zcard(LATER) == 0


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.DEAD])
async def test_what_was_stored_is_said_again_and_yields_to_what_is_later(bench: Bench, outcome: Outcome) -> None:
    """Asked for at once and lost: it waits again, whatever became of the event; a later one by its key stays."""
    group, one = await running(bench)
    await bench.publish("e2")
    (two,) = await take(group)
    follow_ups = FollowUps(bench.store, group.options)
    lost = replace(await follow_ups.act(one, wanted("lost", 60)), stored=time.monotonic() - 2)
    older = replace(await follow_ups.act(one, wanted("k", 60)), stored=time.monotonic() - 2)
    await asked(group, bench, two, wanted("k", 60))

    for _ in range(2):
        await group.settle(0, [Settlement(one, outcome, reason="permanent", follow_ups_before=(lost, older))])

    assert set(bench.redis.zrange(LATER, 0, -1)) == {lost.follow_up, id_of("crm", "e2", "k")}


async def test_those_that_ask_by_their_own_key_are_tried_again(bench: Bench) -> None:
    """The first fails and the second asks for a third: the first is tried again all the same."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await settle(group, lease, Outcome.DONE)
    await begun(group, bench)
    (first,) = await take(group)
    await asked(group, bench, first, wanted())
    await settle(group, first, Outcome.RETRY, delay=0.2)
    await begun(group, bench)
    (second,) = await take(group)
    await asked(group, bench, second, wanted(after=60))
    await asyncio.sleep(0.3)

    assert [again.event.event_id for again in await take(group)] == [first.event.event_id]


async def test_a_replay_gives_no_group_the_follow_ups_of_another(bench: Bench) -> None:
    """They have other ids than their events, so the other group would handle those twice."""
    group, lease = await running(bench)
    other = await bench.group("other", lease_seconds=60)
    for one in await take(other):
        await settle(other, one, Outcome.DONE)
    await asked(group, bench, lease, wanted())
    await settle(group, lease, Outcome.DONE)
    await begun(group, bench)
    for one in (*await take(group), *await take(other)):
        await settle(group, one, Outcome.DONE)

    outcomes = [what async for _, what in replay(bench.store, "other", Selection(), idempotency_ttl_seconds=3600)]

    assert outcomes == [Replayed.REPLAYED, Replayed.NOT_WANTED]
    assert [one.event.event_id for one in await take(other)] == ["e1"]


async def test_a_dead_task_is_redriven_and_replayed_as_any_event(bench: Bench) -> None:
    """No pattern of the group matches a task, and it is the group's own all the same."""
    group = await bench.group(lease_seconds=60, events=("person.*",), handled=("person.*", "follow_up/tell"))
    await bench.publish("e1")
    (lease,) = await take(group)
    await asked(group, bench, lease, wanted(task="tell", arguments=b'{"a":1}'))
    await settle(group, lease, Outcome.DONE)
    await begun(group, bench)
    (again,) = await take(group)
    await settle(group, again, Outcome.DEAD)

    letters = dead_letters(bench.store, DeadLetterFilter("crm"))
    redriven = [what async for _, what in redrive(bench.store, letters, idempotency_ttl_seconds=3600)]
    (again,) = await take(group)
    await settle(group, again, Outcome.DONE)
    replayed = await replay_event(bench.store, "crm", again.event.event_id, idempotency_ttl_seconds=3600)

    assert (redriven, replayed) == ([Redriven.REDRIVEN], Replayed.REPLAYED)


async def test_a_run_redrives_dead_tasks(bench: Bench) -> None:
    """Redriven with all others of the group, a dead task is not passed over."""
    group = await bench.group(lease_seconds=60, events=("person.*",), handled=("person.*", "follow_up/tell"))
    await bench.publish("e1")
    (lease,) = await take(group)
    await asked(group, bench, lease, wanted(task="tell"))
    await settle(group, lease, Outcome.DONE)
    await begun(group, bench)
    (again,) = await take(group)
    await settle(group, again, Outcome.DEAD)
    ends = await newest_letters(bench.store, "crm")
    everything = NewRun(kind=RunKind.REDRIVE, by="ada", group="crm", selection={}, total=1, ends=ends)

    run = await finish(bench.store, await begin(bench.store, everything))

    assert run.outcomes == {"redriven": 1}


async def test_one_that_waits_is_shown_by_its_own_id(bench: Bench) -> None:
    """Whoever looks further by the id that an event names finds what waits, and what was cancelled."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=60))
    name = id_of("crm", "e1", "k")

    before = await history(bench.store, name)
    await FollowUps(bench.store, group.options).end_by_key(lease, "k")
    after = await history(bench.store, name)

    assert before is not None
    assert after is not None
    assert [(one.event_id, one.state, one.key) for one in before.follow_ups] == [(name, "waiting", "k")]
    assert (before.entry, before.groups) == (None, ())
    assert [one.state for one in after.follow_ups] == ["withdrawn"]


async def test_what_is_due_is_backlog(bench: Bench) -> None:
    """A group scaled to zero is woken by a follow-up whose time has come, and by no other."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted("due"))
    await asked(group, bench, lease, wanted("waits", 60))
    await settle(group, lease, Outcome.DONE)

    (stats,) = (await measure(bench.store)).groups

    assert (stats.follow_ups, stats.follow_ups_due, stats.backlog) == (2, 1, 1)
    assert -60 < (stats.next_follow_up_seconds or 0) <= 0


async def test_the_first_of_all_partitions_says_when_the_next_is_due(bench: Bench) -> None:
    """A group's next follow-up is the first of any partition; without one there is no time."""
    group, lease = await running(bench)
    (before,) = (await measure(bench.store)).groups
    await asked(group, bench, lease, wanted("later", 600))
    await asked(group, bench, lease, wanted("first", 60))

    (stats,) = (await measure(bench.store)).groups

    assert before.next_follow_up_seconds is None
    assert 50 < (stats.next_follow_up_seconds or 0) <= 60
    elsewhere = replace_stats(stats, next_follow_up_seconds=5.0)
    assert [(stats + each).next_follow_up_seconds for each in (elsewhere, before)] == [5, stats.next_follow_up_seconds]
