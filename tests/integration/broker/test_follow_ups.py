"""Follow-ups in the store: asked for, replaced, begun; once, whoever repeats what."""

import time

from salesloft_webhooks.broker import FollowUpAct, FollowUps, Outcome, Settled, Settlement
from salesloft_webhooks.follow_ups import id_of
from tests.integration.broker.follow_up_steps import LATER, asked, begun, running, wanted
from tests.support.broker_bench import STREAM, Bench, lapse, settle, take


async def test_what_is_due_becomes_an_entry_of_its_group_alone(bench: Bench) -> None:
    """A follow-up is the same event with data, person and trace; another group settles it as not its own."""
    group, lease = await running(bench)
    other = await bench.group("other")
    assert await asked(group, bench, lease, wanted("remind"))
    await settle(group, lease, Outcome.DONE)

    assert await begun(group, bench) == 1
    (again,) = await take(group)

    event = again.event
    assert (event.event_type, event.entity_key, event.data, event.traceparent) == (
        "person.created",
        "person:1",
        {"id": 1},
        "00-trace-01",
    )
    assert event.follow_up is not None
    assert (event.follow_up.key, event.follow_up.event_id, event.event_id) == (
        "remind",
        "e1",
        id_of("crm", "e1", "remind"),
    )
    assert event.follow_up.asked_at <= event.follow_up.due_at <= event.received_at
    assert [one.event.event_id for one in await take(other)] == ["e1"]


async def test_what_is_not_due_waits(bench: Bench) -> None:
    """Before its time a follow-up is no entry, and nothing that a group holds."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=60))
    await settle(group, lease, Outcome.DONE)

    assert await begun(group, bench) == 0
    assert await take(group) == ()
    assert bench.redis.zcard(LATER) == bench.redis.hlen(f"{LATER}:entries") == 1


async def test_a_task_has_its_arguments_and_meets_no_event_of_its_name(bench: Bench) -> None:
    """A task named `created` is taken by the worker that has it, and by no pattern, though it be `*`."""
    everything = await bench.group(lease_seconds=60, events=("*",))
    tasks = await bench.group(consumer="two", lease_seconds=60, events=("*",), handled=("*", "follow_up/created"))
    await bench.publish("e1", event_type="task.created")
    (lease,) = await take(everything)
    await asked(everything, bench, lease, wanted("k", task="created", arguments=b'{"n":1}'))
    await settle(everything, lease, Outcome.DONE)
    await begun(everything, bench)

    assert await take(everything) == ()
    (again,) = await take(tasks)

    assert again.event.event_type == "follow_up/created"
    assert again.event.follow_up is not None
    assert (again.event.follow_up.arguments, again.event.follow_up.event_type) == ({"n": 1}, "task.created")
    assert again.event.data == {"id": 1}


async def test_the_same_key_of_a_person_replaces(bench: Bench) -> None:
    """Two events of a person ask by one key: the second one's follow-up waits, the first one's never comes back."""
    group, one = await running(bench)
    await bench.publish("e2")
    (two,) = await take(group)
    await asked(group, bench, one, wanted())
    await asked(group, bench, two, wanted())

    assert await asked(group, bench, one, wanted()) is False
    assert bench.redis.zrange(LATER, 0, -1) == [id_of("crm", "e2", "k")]
    assert bench.record(id_of("crm", "e1", "k"))["later:crm"] == "replaced"


async def test_the_same_key_of_another_person_is_another_follow_up(bench: Bench) -> None:
    """A key belongs to its person: what others ask for by the same one stays."""
    group, one = await running(bench)
    await bench.publish("e2", key="person:2")
    (two,) = await take(group)
    await asked(group, bench, one, wanted())
    await asked(group, bench, two, wanted())

    ended = await FollowUps(bench.store, group.options).end_by_key(two, "k")

    assert ended.found
    assert bench.redis.zrange(LATER, 0, -1) == [id_of("crm", "e1", "k")]


async def test_an_event_that_runs_again_asks_for_the_same_follow_up(bench: Bench) -> None:
    """Asked for again while it waits there is one, at the later time; once it has begun it never waits again."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=60))
    await asked(group, bench, lease, wanted(after=0))
    assert await begun(group, bench) == 1

    assert await asked(group, bench, lease, wanted()) is False
    assert await begun(group, bench) == 0
    assert bench.redis.xlen(STREAM) == 2


async def test_done_and_its_follow_ups_are_one_step(bench: Bench) -> None:
    """What comes with `done` waits from then on; a retry drops it, and a repeat brings back nothing cancelled."""
    group, lease = await running(bench)
    follow_ups = FollowUps(bench.store, group.options)
    act = await follow_ups.act(lease, wanted(after=60))

    assert await group.settle(0, [Settlement(lease, Outcome.RETRY, error="boom", follow_ups=(act,))]) == [
        Settled.SETTLED
    ]
    assert bench.redis.zcard(LATER) == 0
    (lease,) = await take(group)
    done = [Settlement(lease, Outcome.DONE, follow_ups=(act,))]
    assert await group.settle(0, done) == [Settled.SETTLED]
    assert bench.redis.zcard(LATER) == 1
    await follow_ups.end_by_key(lease, "k")

    assert await group.settle(0, done) == [Settled.GONE]
    assert bench.redis.zcard(LATER) == 0


async def test_a_late_done_brings_its_follow_ups_once(bench: Bench) -> None:
    """A worker that lost its lease reports done before the new holder does: one follow-up, asked for by the first."""
    one, two = await bench.group(max_attempts=3), await bench.group(consumer="two", max_attempts=3)
    await bench.publish("e1")
    (lost,) = await take(one)
    await lapse()
    (held,) = await take(two)
    follow_ups = FollowUps(bench.store, one.options)
    act, other = await follow_ups.act(lost, wanted()), await follow_ups.act(held, wanted("other"))

    assert await one.settle(0, [Settlement(lost, Outcome.DONE, follow_ups=(act,))]) == [Settled.LATE]
    assert await begun(one, bench) == 1
    assert await two.settle(0, [Settlement(held, Outcome.DONE, follow_ups=(act, other))]) == [Settled.SETTLED]

    assert await begun(one, bench) == 0


async def test_done_said_again_repeats_a_cancellation_that_was_lost(bench: Bench) -> None:
    """A promoted replica that had not heard of `done` hears of what its handlers cancelled, and of nothing younger."""
    group, one = await running(bench)
    await asked(group, bench, one, wanted(after=60))
    await settle(group, one, Outcome.DONE)
    await bench.publish("e2")
    (two,) = await take(group)

    ended = FollowUpAct(id_of("crm", "e1", "k"), ended="cancelled", stored=time.monotonic())
    await group.settle(0, [Settlement(two, Outcome.DONE, follow_ups_before=(ended,))])

    assert bench.redis.zcard(LATER) == 0
    assert bench.record(id_of("crm", "e1", "k"))["later:crm"] == "cancelled"


async def test_what_asks_again_by_its_own_key_is_not_ended_by_that(bench: Bench) -> None:
    """A reminder asks for the next one and then fails: it is tried again; a cancellation ends both."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await begun(group, bench)
    (first,) = await take(group)

    assert await asked(group, bench, first, wanted(after=60))
    assert not (await FollowUps(bench.store, group.options).end_by_key(first, "other")).found
    await settle(group, first, Outcome.RETRY)
    (again,) = await take(group)
    assert (again.event.event_id, again.event.attempt) == (first.event.event_id, 2)
    await settle(group, again, Outcome.RETRY)
    ended = await FollowUps(bench.store, group.options).end_by_key(lease, "k")

    assert ended.found
    assert await take(group) == ()
    assert bench.redis.zcard(LATER) == 0


async def test_what_is_cancelled_while_it_runs_may_ask_all_the_same(bench: Bench) -> None:
    """The attempt that goes on is done, and what comes with that by another key waits."""
    group, lease = await running(bench)
    follow_ups = FollowUps(bench.store, group.options)
    await asked(group, bench, lease, wanted())
    await begun(group, bench)
    (first,) = await take(group)
    act = await follow_ups.act(first, wanted("other", 60))
    await follow_ups.end_by_key(lease, "k")

    await group.settle(0, [Settlement(first, Outcome.DONE, follow_ups=(act,))])

    assert bench.redis.zrange(LATER, 0, -1) == [act.follow_up]


async def test_large_ones_begin_a_few_in_a_call(bench: Bench) -> None:
    """Of follow-ups with a megabyte each a call begins no more than two, and says that more are due."""
    group = await bench.group(lease_seconds=60)
    follow_ups = FollowUps(bench.store, group.options, compress=False)
    body = b'{"text":"%s"}' % (b"a" * 1_000_000)
    for number in range(5):
        await bench.publish(f"e{number}", key=f"person:{number}", body=body)
    for lease in await take(group):
        await follow_ups.ask(lease, await follow_ups.act(lease, wanted()))

    first = await follow_ups.begin(0)

    assert (len(first.late_seconds), first.next_seconds) == (2, {0: 0.0})
    assert [len((await follow_ups.begin(0)).late_seconds) for _ in range(3)] == [2, 1, 0]
