"""What a group keeps of its attempts at an event: who looks at an event that failed sees when, how long and why."""

import asyncio
import time

import pytest

from salesloft_webhooks.broker import Group, GroupOptions, Lease, Outcome, Ran, Settlement
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import redrive, unchanging
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.past_attempts import AttemptEnd, PastAttempt, read_attempts
from salesloft_webhooks.broker.administration.replay import Selection, replay
from salesloft_webhooks.errors import ConfigurationError
from tests.support.broker_driver import TTL, Driven

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
LEASE_SECONDS = 0.05


async def tried(driven: Driven, event_id: str = "e1", group: str = "crm") -> tuple[PastAttempt, ...]:
    """The attempts that the history shows."""
    found = await history(driven.store, event_id)
    assert found is not None
    return next(row.tried for row in found.groups if row.group == group)


async def settle(group: Group, lease: Lease, outcome: Outcome, error: str = "", seconds: float = 0.25) -> str:
    """End an attempt that began `seconds` ago; what the store made of it."""
    ran = Ran(time.monotonic() - seconds, seconds, TRACE)
    (result,) = await group.settle(
        lease.partition, [Settlement(lease, outcome, reason="permanent", error=error, ran=ran)]
    )
    return result.value


async def fail(driven: Driven, group: Group, error: str, outcome: Outcome = Outcome.RETRY) -> None:
    """Take the only event and fail."""
    (lease,) = await driven.take(group)
    assert await settle(group, lease, outcome, error) == "settled"


async def lose_lease(driven: Driven, group: Group) -> Lease:
    """Take the only event and say nothing more until the lease is over."""
    (lease,) = await driven.take(group)
    await asyncio.sleep(LEASE_SECONDS + 0.02)
    return lease


async def test_each_attempt_is_told_with_its_time_its_length_and_its_error(driven: Driven) -> None:
    """Failed twice and done at last: three attempts, by the store's clock, each with its trace."""
    group = await driven.group()
    await driven.publish("e1")
    before = time.time()

    await fail(driven, group, "HTTPStatusError: 503 from crm")
    await fail(driven, group, "ReadTimeout: nothing in 10 s")
    (lease,) = await driven.take(group)
    await settle(group, lease, Outcome.DONE, seconds=0.5)

    found = await tried(driven)
    assert [(each.number, each.ended, each.error) for each in found] == [
        (1, AttemptEnd.RETRY, "HTTPStatusError: 503 from crm"),
        (2, AttemptEnd.RETRY, "ReadTimeout: nothing in 10 s"),
        (3, AttemptEnd.DONE, ""),
    ]
    assert [each.seconds for each in found] == [0.25, 0.25, 0.5]
    assert {each.trace_id for each in found} == {TRACE}
    assert found[0].error_class == "HTTPStatusError"
    assert [each.began_at.timestamp() for each in found] == pytest.approx(
        [before - 0.25, before - 0.25, before - 0.5], abs=2
    )


async def test_success_at_once_leaves_no_trace(driven: Driven) -> None:
    """The event has its compact record and no full one: nothing was written or read for attempts."""
    group = await driven.group()
    await driven.publish("e1")

    await driven.handle(group)

    assert await tried(driven) == ()
    assert driven.keys("sl:*:event:*") == []


async def test_the_first_and_the_last_nine_are_kept_in_few_bytes(driven: Driven) -> None:
    """However often it fails and whatever its errors say: ten lines of 300 bytes at the most, valid as UTF-8."""
    group = await driven.group()
    await driven.publish("e1")

    for number in range(14):
        await fail(driven, group, f"ValueError: {number} " + "ü" * 400)

    (record,) = driven.keys("sl:*:event:e1")
    with driven.server.client() as client:
        lines = client.hget(record, "try:crm").encode().split(b"\n")
    assert [each.number for each in await tried(driven)] == [1, *range(6, 15)]
    assert all(len(line) <= 300 for line in lines)
    assert all(each.error.endswith("üü") for each in await tried(driven))


async def test_addresses_and_long_numbers_are_masked_before_they_are_stored(driven: Driven) -> None:
    """Nothing that says who it was about is in the record, also not in a second line of the error."""
    group = await driven.group()
    await driven.publish("e1")

    await fail(driven, group, "ValueError: ada.lovelace@crm.example said no\nto +49 170 5550 199 (account 9912345678)")

    (found,) = await tried(driven)
    (record,) = driven.keys("sl:*:event:e1")
    with driven.server.client() as client:
        stored = client.hget(record, "try:crm")
    assert found.error == "ValueError: •••@crm.example said no to ••• (account •••)"
    assert not any(personal in stored for personal in ("ada", "lovelace", "5550", "9912345678"))


async def test_a_lost_attempt_is_told_with_its_worker(driven: Driven) -> None:
    """A worker that has died says nothing, so whoever takes its event over writes it down; the next attempt follows."""
    group = await driven.group(lease_seconds=LEASE_SECONDS)
    await driven.publish("e1")

    await lose_lease(driven, group)
    (lease,) = await driven.take(group)
    await settle(group, lease, Outcome.DONE)

    assert [(each.number, each.ended, each.seconds, each.error) for each in await tried(driven)] == [
        (1, AttemptEnd.LOST, None, "one"),
        (2, AttemptEnd.DONE, 0.25, ""),
    ]


async def test_a_success_that_comes_late_is_told(driven: Driven) -> None:
    """The first worker was slow, not dead: its success counts, and stands behind what was written of its lease."""
    group = await driven.group(lease_seconds=LEASE_SECONDS)
    await driven.publish("e1")
    lease = await lose_lease(driven, group)
    await driven.take(await driven.group(consumer="two"))

    assert await settle(group, lease, Outcome.DONE) == "late"

    assert [(each.number, each.ended) for each in await tried(driven)] == [(1, AttemptEnd.LOST), (1, AttemptEnd.DONE)]


async def test_a_repeat_tells_nothing_twice(driven: Driven) -> None:
    """After a lost reply the same outcome is sent again: the store has it, and its line."""
    group = await driven.group()
    await driven.publish("e1")
    (lease,) = await driven.take(group)

    results = [await settle(group, lease, Outcome.RETRY, "ValueError: no") for _ in range(2)]

    assert results == ["settled", "lost"]
    assert len(await tried(driven)) == 1


async def test_a_redriven_event_keeps_what_was_before(driven: Driven) -> None:
    """Dead, redriven, done at once: all of it is told, and the attempts count from one again."""
    group = await driven.group()
    await driven.publish("e1")
    await fail(driven, group, "ValueError: no", Outcome.DEAD)

    letters = unchanging(driven.store, DeadLetterFilter())
    assert [row async for row in redrive(driven.store, letters, idempotency_ttl_seconds=TTL)]
    (lease,) = await driven.take(group)
    await settle(group, lease, Outcome.DONE)

    assert [(each.number, each.ended) for each in await tried(driven)] == [(1, AttemptEnd.DEAD), (1, AttemptEnd.DONE)]


async def test_replaying_what_never_failed_adds_nothing(driven: Driven) -> None:
    """Without an earlier line a success is not told, whichever attempt it is."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.handle(group)

    assert [row async for row in replay(driven.store, "crm", Selection(), idempotency_ttl_seconds=TTL)]
    (lease,) = await driven.take(group)
    await settle(group, lease, Outcome.DONE)

    assert lease.resubmitted
    assert await tried(driven) == ()


async def test_groups_are_told_apart(driven: Driven) -> None:
    """What one group fails at is no attempt of another, whose success goes where the record is by then."""
    crm, chat = await driven.group(), await driven.group("chat")
    await driven.publish("e1")
    await fail(driven, crm, "ValueError: no")

    await driven.handle(chat)

    assert len(await tried(driven)) == 1
    assert await tried(driven, group="chat") == ()


def test_lines_of_a_later_version_are_left_out() -> None:
    """During a roll-out a newer worker may write what this one cannot read: the rest is shown."""
    kept = (
        "1 1700000000000 12 retry - E: no\n2 1700000000000 12 evaporated - E: no\nnonsense\n3 1700000000000 - lost - w"
    )

    assert [each.number for each in read_attempts(kept)] == [1, 3]


async def test_a_group_name_has_no_colon(driven: Driven) -> None:
    """Fields of records are a word, a colon and a group's name: none may be mistaken for another's."""
    with pytest.raises(ConfigurationError, match="colon"):
        Group(driven.store, GroupOptions("try:crm"), "one")
