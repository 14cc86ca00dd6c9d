"""Deliveries follow what is registered: event types, tokens, addresses, and SalesLoft's four attempts."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest

from salesloft_webhooks.dialects import DialectKeys
from salesloft_webhooks.simulator.platform import Behaviour, Fault, SimulatedPlatform
from salesloft_webhooks.simulator.sales_team import SalesTeam
from tests.support.fake_receiver import Listener
from tests.support.waiting import eventually

OLD, NEW = "the-old-signing-token", "the-new-signing-token"
KEYS = DialectKeys(callback_tokens=(OLD.encode(), NEW.encode()))
QUICK = Behaviour(retry_seconds=0.05, attempt_seconds=2.0)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A receiver that takes both tokens."""
    with Listener(KEYS).listening() as listener:
        yield listener


def subscribe(platform: SimulatedPlatform, listener: Listener, event: str, token: str = OLD) -> int:
    """Register one; its id."""
    form = {"event_type": event, "callback_url": listener.url, "callback_token": token}
    record, problems = platform.subscriptions.create(form)
    assert record is not None, problems
    return int(record["id"])


async def some(platform: SimulatedPlatform, changes: int = 60, seed: int = 5) -> dict[str, int]:
    """Let so much happen and wait until all of it is delivered or given up: changes by their native names."""
    team = SalesTeam(Random(seed), datetime.now(UTC))
    happened: dict[str, int] = {}
    for _ in range(changes):
        change = team.next()
        happened[change.native_name] = happened.get(change.native_name, 0) + 1
        platform.happen(change)
    await platform.deliveries.settled()
    return happened


async def test_nobody_is_sent_what_they_did_not_ask_for(listener: Listener) -> None:
    """Without a subscription nothing is sent; with one, each change of its event type, and no other."""
    async with SimulatedPlatform(QUICK) as platform:
        await some(platform)
        assert listener.deliveries == 0

        subscribe(platform, listener, "email_updated")
        happened = await some(platform)

    assert {event.event_type for event in listener.events} == {"email.updated"}
    assert len(listener.events) == happened["email_updated"] > 5
    assert all(each.done and each.statuses == [200] for each in platform.deliveries.ledger)


async def test_each_subscription_signs_with_its_own_token(listener: Listener) -> None:
    """During a rotation two subscriptions of one event deliver each change twice, each signed by its own token."""
    async with SimulatedPlatform(QUICK) as platform:
        subscribe(platform, listener, "person_created", OLD)
        subscribe(platform, listener, "person_created", NEW)
        happened = await some(platform)

    assert len(listener.events) == 2 * happened["person_created"]
    assert len({event.event_id for event in listener.events}) == happened["person_created"]


async def test_a_disabled_or_deleted_subscription_is_sent_nothing(listener: Listener) -> None:
    """Switching off and deleting take effect at the next change."""
    async with SimulatedPlatform(QUICK) as platform:
        off, gone = (subscribe(platform, listener, "email_updated") for _ in range(2))
        platform.subscriptions.update(off, {"enabled": "false"})
        platform.subscriptions.delete(gone)
        await some(platform)

    assert listener.deliveries == 0


async def test_a_delivery_is_tried_four_times() -> None:
    """Three more times at the documented distance, which scales; then it is given up, and nothing comes any more."""
    with Listener(KEYS, fail_first=10_000).listening() as listener:
        async with SimulatedPlatform(QUICK) as platform:
            subscribe(platform, listener, "note_created")
            team = SalesTeam(Random(1), datetime.now(UTC))
            began = time.monotonic()
            platform.happen(team.next_of("note_created"))
            await platform.deliveries.settled()
            took = time.monotonic() - began

    (entry,) = platform.deliveries.ledger
    assert (entry.statuses, entry.done, entry.over) == ([503] * 4, False, True)
    assert listener.deliveries == 4
    assert took >= 3 * QUICK.retry_seconds
    assert all(one == other for one, other in pairwise(listener.bodies))


async def test_a_delivery_that_succeeds_later_is_over() -> None:
    """A receiver that was away for a moment gets it once, with the next attempt."""
    with Listener(KEYS, fail_first=2).listening() as listener:
        async with SimulatedPlatform(QUICK) as platform:
            subscribe(platform, listener, "note_created")
            platform.happen(SalesTeam(Random(1), datetime.now(UTC)).next_of("note_created"))
            await platform.deliveries.settled()

    assert platform.deliveries.ledger[0].statuses == [503, 503, 200]
    assert len(listener.events) == 1


async def test_changes_can_be_kept_from_everybody(listener: Listener) -> None:
    """What an outage of SalesLoft's loses is in the lists and was sent to nobody: what a backfill has to find."""
    async with SimulatedPlatform(QUICK) as platform:
        subscribe(platform, listener, "person_created")
        platform.faults.order(Fault.DROPPED, path="person_created", times=2)
        happened = await some(platform)

    assert platform.deliveries.dropped == {"person_created": 2}
    assert len(listener.events) == happened["person_created"] - 2


async def test_emails_with_their_bodies_are_another_event(listener: Listener) -> None:
    """One change of an email is delivered under both names to whoever subscribed to both: once with its body."""
    async with SimulatedPlatform(QUICK, seed=2) as platform:
        platform.load.burst(1, "email_updated")
        for event in ("email_updated", "email_with_body_and_subject_updated"):
            subscribe(platform, listener, event)
        platform.load.burst(5, "email_updated")
        await platform.deliveries.settled()

    with_body = [body for body in listener.bodies if body["body"]]
    assert (len(listener.bodies), len(with_body)) == (10, 5)
    assert platform.summary()["events"]["email_with_body_and_subject_updated"]["changes"] == 5


async def test_strays_are_told_apart_from_deliveries(listener: Listener) -> None:
    """What comes again is taken, what is forged is refused, and neither is in the account of the changes."""
    behaviour = Behaviour(retry_seconds=0.05, duplicates=0.5, forgeries=0.5)
    async with SimulatedPlatform(behaviour, seed=2) as platform:
        subscribe(platform, listener, "note_created")
        platform.load.burst(40, "note_created")
        await platform.deliveries.settled()

    whole = platform.summary()
    again, forged = whole["strays"]["duplicate"], whole["strays"]["forgery"]
    assert (whole["answers"], whole["refusals"]) == ({"200": 40}, [])
    assert again.keys() == {"200"}
    assert forged.keys() == {"401"}
    assert 5 < again["200"] < 35
    assert len(listener.events) == 40 + again["200"]
    assert listener.deliveries == 40 + again["200"] + forged["401"]


async def test_the_end_ends_what_is_under_way() -> None:
    """Whoever leaves it waits for no retry."""
    began = time.monotonic()
    async with SimulatedPlatform(Behaviour(retry_seconds=60.0)) as platform:
        form = {"event_type": "note_created", "callback_url": "http://127.0.0.1:1/x", "callback_token": OLD}
        platform.subscriptions.create(form)
        platform.happen(SalesTeam(Random(1), datetime.now(UTC)).next_of("note_created"))
        await eventually(lambda: platform.deliveries.ledger[0].statuses == [None], description="an attempt has failed")

    assert time.monotonic() - began < 10
    assert platform.deliveries.ledger[0].over
