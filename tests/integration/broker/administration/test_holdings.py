"""What a group holds: who runs what, what comes again and why, and who waits for whom."""

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.broker.administration.holdings import LATER, LISTED, holdings
from salesloft_webhooks.settings import Ordering
from tests.support.broker_driver import Driven


async def test_who_runs_what_is_told(driven: Driven) -> None:
    """Each lease with its owner, event, attempt and end; a worker on several partitions is one."""
    group = await driven.group(lease_seconds=60)
    await driven.publish(*(f"e{number}" for number in range(6)))
    await driven.take(group)

    found = await holdings(driven.store, "crm")

    assert [(each.name, each.running) for each in found.consumers] == [("one", 6)]
    assert {each.event_id for each in found.running} == {f"e{number}" for number in range(6)}
    assert {(each.consumer, each.event_type, each.attempt) for each in found.running} == {("one", "person.updated", 1)}
    assert all(50 < each.lease_seconds <= 60 for each in found.running)
    assert (found.retries.looked_at, found.lanes) == (0, ())


async def test_retries_are_told_apart_by_attempt_error_and_time(driven: Driven) -> None:
    """How many come when, after how many attempts, and for which kind of error."""
    group = await driven.group()
    await driven.publish("soon", "later", "much-later", "running")
    leases = {lease.event.event_id: lease for lease in await driven.take(group)}
    for name, seconds, error in (
        ("soon", 5, "HTTPStatusError: 503 from crm"),
        ("later", 100, "HTTPStatusError: 429 from crm"),
        ("much-later", 9_000, "TimeoutError"),
    ):
        await driven.settle(group, [leases[name]], Outcome.RETRY, delay_seconds=float(seconds), error=error)

    retries = (await holdings(driven.store, "crm")).retries

    assert retries.looked_at == 3
    assert retries.by_attempt == {1: 3}
    assert retries.by_error == {"HTTPStatusError": 2, "TimeoutError": 1}
    assert retries.by_wait == {10: 1, 600: 1, LATER: 1}


async def test_a_lane_is_told_with_what_it_waits_for(driven: Driven) -> None:
    """The longest first, each with its head, the error of that and its next attempt."""
    group = await driven.group(ordering=Ordering.ENTITY)
    await driven.publish("a1", "a2", "a3", person=1)
    await driven.publish("b1", "b2", person=2)
    leases = {lease.event.event_id: lease for lease in await driven.take(group)}
    await driven.settle(group, [leases["a1"]], Outcome.RETRY, delay_seconds=60.0, error="ValueError: no such field")

    first, second = (await holdings(driven.store, "crm")).lanes

    assert (first.lane, first.waiting, first.event_id, first.error) == (
        "person:1",
        2,
        "a1",
        "ValueError: no such field",
    )
    assert not first.running
    assert 50 < (first.due_seconds or 0) <= 60
    assert (second.lane, second.waiting, second.event_id, second.running) == ("person:2", 1, "b1", True)


async def test_of_much_little_is_told(driven: Driven) -> None:
    """However much a group holds, the answer is bounded; nothing is written, and an unknown group holds nothing."""
    group = await driven.group(ordering=Ordering.ENTITY)
    for person in range(2 * LISTED):
        await driven.publish(f"{person}-1", f"{person}-2", person=person)
    await driven.take(group, 2 * LISTED)
    before = driven.keys()

    found = await holdings(driven.store, "crm")

    assert len(found.running) == len(found.lanes) == LISTED
    assert driven.keys() == before
    assert (await holdings(driven.store, "nobody")).consumers == ()
