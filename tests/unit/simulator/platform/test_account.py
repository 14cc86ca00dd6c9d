"""The account tells from SalesLoft's side what became of each change, and its numbers add up."""

from random import Random

import pytest

from salesloft_webhooks.dialects import DialectKeys
from salesloft_webhooks.simulator.platform import Account, Behaviour, Fault, Outcome, SimulatedPlatform
from salesloft_webhooks.simulator.platform.account import EventAccount
from tests.support.fake_receiver import Listener
from tests.unit.simulator.platform.test_deliveries import OLD, QUICK, subscribe

OTHERS = DialectKeys(callback_tokens=(b"another-token",))


def add_up(account: Account) -> None:
    """Each change ended in one way or is under way, each delivery was answered, given up or is under way."""
    for each in account.events.values():
        assert each.changes >= each.outcomes.total()
        assert each.deliveries >= each.delivered + each.given_up
        assert each.answers["200"] == each.delivered
    assert account.plain()["changes"] == sum(each.changes for each in account.events.values())


async def test_what_was_taken_is_reached() -> None:
    """A receiver that takes everything: nothing refused, nothing lost, nothing under way; the rest nobody wanted."""
    with Listener(DialectKeys(callback_tokens=(OLD.encode(),))).listening() as listener:
        async with SimulatedPlatform(QUICK, seed=3) as platform:
            subscribe(platform, listener, "email_updated")
            platform.load.burst(60)
            await platform.deliveries.settled()

    account = platform.deliveries.account
    add_up(account)
    told = account.plain()
    assert told["reached"] == told["events"]["email_updated"]["changes"] == len(listener.events) > 5
    assert told["unsubscribed"] == 60 - told["reached"]
    assert told["answers"] == {"200": told["reached"]}
    assert (told["lost"], told["under_way"], told["refusals"]) == (0, 0, [])


async def test_what_was_refused_is_told_with_its_answer() -> None:
    """Another token: every attempt is refused, each change is lost, and the answer's own words are there."""
    with Listener(OTHERS).listening() as listener:
        async with SimulatedPlatform(QUICK) as platform:
            subscribe(platform, listener, "note_created")
            platform.load.burst(2, "note_created")
            await platform.deliveries.settled()

    told = platform.deliveries.account.plain()
    add_up(platform.deliveries.account)
    assert (told["lost"], told["given_up"], told["delivered"]) == (2, 2, 0)
    assert told["answers"] == {"401": 8}
    assert told["refusals"] == [
        {"event": "note_created", "status": 401, "answer": '{"error":"Invalid signature"}', "count": 8}
    ]


async def test_one_of_two_deliveries_is_enough() -> None:
    """During a rotation a change is reached by whichever subscription succeeds, and lost only when none does."""
    with Listener(DialectKeys(callback_tokens=(OLD.encode(),))).listening() as listener:
        async with SimulatedPlatform(QUICK) as platform:
            subscribe(platform, listener, "note_created", "refused-token")
            subscribe(platform, listener, "note_created", OLD)
            platform.load.burst(3, "note_created")
            await platform.deliveries.settled()

    told = platform.deliveries.account.plain()
    add_up(platform.deliveries.account)
    assert (told["changes"], told["reached"], told["lost"]) == (3, 3, 0)
    assert (told["deliveries"], told["delivered"], told["given_up"]) == (6, 3, 3)


async def test_nobody_there_is_no_answer() -> None:
    """What could not be delivered at all is lost with the reason."""
    async with SimulatedPlatform(QUICK) as platform:
        form = {"event_type": "note_created", "callback_url": "http://127.0.0.1:1/x", "callback_token": OLD}
        platform.subscriptions.create(form)
        platform.load.burst(1, "note_created")
        await platform.deliveries.settled()

    told = platform.deliveries.account.plain()
    assert told["answers"] == {"none": 4}
    assert [(each["status"], each["answer"]) for each in told["refusals"]] == [(None, "ClientConnectorError")]


async def test_each_change_can_be_looked_at() -> None:
    """In order, with its id, its time and how it ended; a reader goes on where it has stopped."""
    async with SimulatedPlatform(QUICK, seed=1) as platform:
        platform.faults.order(Fault.DROPPED)
        platform.load.burst(4)
        platform.load.burst(1, "person_created")
        account = platform.deliveries.account
        first, rest = account.since(0, 2), account.since(2, 100)
        people = platform.records.of("/people")

    assert [each.number for each in (*first, *rest)] == [1, 2, 3, 4, 5]
    assert account.since(5, 10) == []
    assert {each.outcome for each in (*first, *rest)} == {Outcome.DROPPED, Outcome.UNSUBSCRIBED}
    latest = {each.resource: each.updated_at for each in account.changes if each.event.startswith("person_")}
    assert latest
    assert latest == {identity: row["updated_at"] for identity, row in people.items()}


def test_only_the_latest_changes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulator that runs for weeks keeps the sums of all, and the latest of the rest."""
    monkeypatch.setattr("salesloft_webhooks.simulator.platform.account.KEPT_CHANGES", 3)
    account = Account()
    for number in range(10):
        account.ended(account.happened("note_created", {"id": number}), Outcome.UNSUBSCRIBED)

    assert [each.number for each in account.since(0, 100)] == [8, 9, 10]
    assert [each.number for each in account.since(8, 1)] == [9]
    assert account.events["note_created"].changes == 10


def test_refusals_are_bounded() -> None:
    """A receiver that answers something else each time does not fill the memory."""
    account = Account()
    change = account.happened("note_created", {"id": 1})
    delivery = account.begun(change, 1)
    for number in range(500):
        account.answered(change, delivery, 500, f"answer {number}")

    assert len(account.refusals) < 60
    assert account.refusals.total() == account.events["note_created"].answers["500"] == 500


def test_an_account_of_nothing_names_everything() -> None:
    """Whoever reads it finds every number there, as 0."""
    told = EventAccount().plain()

    assert {outcome.value for outcome in Outcome} <= set(told)
    assert not any(told.values())


async def test_the_lists_forget_what_changed_longest_ago() -> None:
    """With a bound, a list keeps its newest records; what is changed again stays."""
    async with SimulatedPlatform(Behaviour(kept_records=3)) as platform:
        for identity in (1, 2, 3, 1, 4):
            platform.records.change("note_updated", {"id": identity, "seed": Random(identity).random()})
        kept = platform.records.of("/notes")

    assert list(kept) == [3, 1, 4]


async def test_what_nobody_reads_is_not_piled_up() -> None:
    """Lists that are never asked for hold what is visible now and nothing else; what is not yet visible waits."""
    now = [1_000.0]
    async with SimulatedPlatform(Behaviour(kept_records=3, clock=lambda: now[0])) as platform:
        platform.load.burst(200)
        waiting = len(platform.records._pending)
        platform.records.commit_seconds = 5.0
        platform.records.change("note_updated", {"id": 7})
        late = 7 in platform.records.of("/notes")
        now[0] += 5.0

        assert (waiting, late, 7 in platform.records.of("/notes")) == (0, False, True)
