"""Entries whose attempts never come back: isolated entries, and in the end poison."""

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import Bench, lapse, settle, take


async def test_an_entry_that_never_comes_back_is_poison(bench: Bench) -> None:
    """After the last allowed attempt ended in silence, the entry is a dead letter, and its lane goes on."""
    group = await bench.group(ordering=Ordering.ENTITY, max_attempts=1)
    await bench.publish("deadly")
    await bench.publish("next")
    await take(group)
    await lapse()

    taken = await group.take(0, 10)

    assert taken.poisoned == ("person.created",)
    assert [lease.event.event_id for lease in taken.leases + await take(group)] == ["next"]
    ((_, letter),) = bench.redis.xrange("sl:{0}:g:crm:dead")
    assert (letter["id"], letter["reason"], letter["attempts"]) == ("deadly", "poison", "1")


async def test_isolated_entries_are_given_out_alone(bench: Bench) -> None:
    """What was lost twice is passed over, announced, and given one at a time to whoever asks alone."""
    group = await bench.group()
    for event_id in ("s1", "s2"):
        await bench.publish(event_id)
    for _ in range(2):
        assert len(await take(group)) == 2
        await lapse()
    await bench.publish("new")

    taken = await group.take(0, 10)
    alone = await group.take(0, 10, alone=True)

    assert [lease.event.event_id for lease in taken.leases] == ["new"]
    assert taken.isolated
    assert [lease.event.event_id for lease in alone.leases] == ["s1"]


async def test_a_counted_retry_isolates_nothing(bench: Bench) -> None:
    """An entry whose attempts all came back, however they ended, stays an ordinary one."""
    group = await bench.group()
    await bench.publish("e1")
    for attempt in range(1, 6):
        (lease,) = await take(group)
        assert lease.event.attempt == attempt
        await settle(group, lease, Outcome.RETRY)
