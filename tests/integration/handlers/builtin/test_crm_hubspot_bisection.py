"""Whose fault it is when HubSpot refuses: a wrong setting pauses, a bad contact dies, and nobody else does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any

import pytest

from salesloft_webhooks import Event, PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from salesloft_webhooks.handlers.builtin.crm.hubspot import HubSpotContacts
from salesloft_webhooks.outgoing_http import open_client
from tests.support import samples
from tests.support.standins import hubspot
from tests.support.standins.http import Answer, Request
from tests.support.standins.hubspot import BATCH, HubSpot


@pytest.fixture
async def standin() -> AsyncIterator[HubSpot]:
    """A running HubSpot without contacts."""
    async with HubSpot().running() as standin:
        assert isinstance(standin, HubSpot)
        yield standin


@pytest.fixture
async def backend(standin: HubSpot) -> AsyncIterator[HubSpotContacts]:
    """The back end, with bounces and deletions passed on."""
    section = {"backend": "hubspot", "token": hubspot.TOKEN, "base_url": standin.url}
    own = {"bounced_field": "salesloft_bounced_address", "deleted_field": "salesloft_deleted"}
    async with open_client(timeout_seconds=5) as client:
        yield HubSpotContacts(HubSpotCrm.model_validate(section | own), client)


def someone(number: int, **data: Any) -> Event:
    """A person of that number."""
    return samples.person(data={"id": number, "person_id": number, "email_address": f"p{number}@example.com", **data})


def bounce(address: str) -> Event:
    """A mail to that address came back."""
    return samples.email("email.bounced", data={"recipient_email_address": address})


async def save(backend: HubSpotContacts, *events: Event) -> Sequence[BaseException | None]:
    """Save several persons at once; what became of each."""
    return await asyncio.gather(*(backend.save(contact_of(event)) for event in events), return_exceptions=True)


async def mark(backend: HubSpotContacts, *addresses: str) -> Sequence[BaseException | None]:
    """Mark several addresses at once; what became of each."""
    marked = (backend.mark_bounced(bounce_of(bounce(address))) for address in addresses)
    return await asyncio.gather(*marked, return_exceptions=True)


async def test_an_unknown_property_pauses_and_is_named(backend: HubSpotContacts, standin: HubSpot) -> None:
    """A hundred people, one request, nobody dead; with the property made they all go through."""
    del standin.properties["jobtitle"]

    outcomes = await save(backend, *(someone(number) for number in range(1, 101)))

    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert all("PROPERTY_DOESNT_EXIST" in str(each) and "(jobtitle)" in str(each) for each in outcomes)
    assert len(standin.requests) == 1

    standin.properties["jobtitle"] = False
    assert await save(backend, *(someone(number) for number in range(1, 101))) == [None] * 100


async def test_a_refusal_without_a_reason_for_everybody_pauses(backend: HubSpotContacts, standin: HubSpot) -> None:
    """When batch, halves and quarters fail alike it is not the people: no dead letter, few requests."""
    usual = standin.respond
    standin.respond = lambda request: usual(request) if request.method == "GET" else Answer(400)

    outcomes = await save(backend, *(someone(number) for number in range(1, 101)))

    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert len(standin.requests) == 1 + 2 + 4 + 1


async def test_both_halves_failing_alike_have_the_fields_looked_up(backend: HubSpotContacts, standin: HubSpot) -> None:
    """A property that has become read-only is named, whatever words HubSpot refuses it with."""
    usual = standin.respond
    standin.properties["phone"] = True
    standin.respond = lambda request: usual(request) if request.method == "GET" else Answer(400, {"message": "no"})

    outcomes = await save(backend, *(someone(number) for number in range(1, 101)))

    assert "property phone is read-only" in str(outcomes[-1])
    assert isinstance(outcomes[-1], Unavailable)
    assert len(standin.requests) == 1 + 2 + 1


async def test_fields_that_cannot_be_looked_up_pause_too(backend: HubSpotContacts, standin: HubSpot) -> None:
    """Both halves failing alike is reason enough where nobody says more (the token may not read properties)."""
    standin.respond = lambda request: Answer(403 if request.method == "GET" else 400)

    outcomes = await save(backend, *(someone(number) for number in range(1, 101)))

    assert isinstance(outcomes[-1], Unavailable)
    assert len(standin.requests) == 1 + 2 + 1


def strict(standin: HubSpot) -> None:
    """Let HubSpot refuse a whole request without a reason when one contact is bad."""
    usual = standin.respond

    def respond(request: Request) -> Answer:
        bad = request.path == f"{BATCH}upsert" and any("@" not in each["id"] for each in request.json["inputs"])
        return Answer(400) if bad else usual(request)

    standin.respond = respond


@pytest.mark.parametrize("bad", [1, 2, 3])
async def test_some_bad_contacts_fail_alone(backend: HubSpotContacts, standin: HubSpot, bad: int) -> None:
    """Up to three never spoil all four quarters: they die, all others are saved, at the first attempt."""
    strict(standin)
    people = [someone(number) for number in range(1, 61)]
    people[20 : 20 + bad] = [someone(number, email_address=f"bad{number}") for number in range(21, 21 + bad)]

    outcomes = await save(backend, *people)

    assert Counter(map(type, outcomes)) == {type(None): 60 - bad, PermanentError: bad}
    assert len(standin.contacts) == 60 - bad


async def test_many_bad_contacts_hold_up_the_others_for_a_while_only(
    backend: HubSpotContacts, standin: HubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve of sixty may look like a wrong setting; parts are drawn anew each time, so the good ones get through."""
    monkeypatch.setattr("random.shuffle", Random(12).shuffle)  # else forty draws in a row are bad once in a while
    strict(standin)
    waiting = [
        someone(number, **({"email_address": f"bad{number}"} if number % 5 == 0 else {})) for number in range(1, 61)
    ]

    for _ in range(40):
        outcomes = await save(backend, *waiting)
        pairs = zip(waiting, outcomes, strict=True)
        waiting = [each for each, outcome in pairs if isinstance(outcome, Retry | Unavailable)]
        if not waiting:
            break

    assert len(standin.contacts) == 48


async def test_an_outage_with_answers_kills_nobody(backend: HubSpotContacts, standin: HubSpot) -> None:
    """A 500 for everything: four attempts in all are counted, the rest pauses."""
    standin.respond = lambda _request: Answer(500)

    outcomes = await save(backend, *(someone(number) for number in range(1, 101)))

    assert Counter(map(type, outcomes)) == {Unavailable: 96, Retry: 4}


async def test_a_conflict_fails_only_its_own_contact(backend: HubSpotContacts, standin: HubSpot) -> None:
    """In a 207 it is tried again, since the contact may just have been made by somebody; the neighbours are saved."""
    standin.conflicts.add("p2@example.com")

    outcomes = await save(backend, *(someone(number) for number in range(1, 6)))

    assert [type(outcome) for outcome in outcomes] == [type(None), Retry, type(None), type(None), type(None)]
    assert str(outcomes[1]) == "hubspot: CONFLICT"


async def test_a_conflict_that_refuses_the_whole_batch_is_found(backend: HubSpotContacts, standin: HubSpot) -> None:
    """A 409 says nothing about whom it means; the other nine are saved."""
    usual = standin.respond

    def respond(request: Request) -> Answer:
        if request.path == f"{BATCH}upsert" and "p7@example.com" in request.body.decode():
            return Answer(409, {"status": "error", "category": "CONFLICT", "message": "Contact already exists."})
        return usual(request)

    standin.respond = respond

    outcomes = await save(backend, *(someone(number) for number in range(1, 11)))

    assert [type(outcome) for outcome in outcomes] == [Retry if n == 7 else type(None) for n in range(1, 11)]


async def test_bounces_and_deletions_of_unknown_people_create_nobody(
    backend: HubSpotContacts, standin: HubSpot
) -> None:
    """There is nothing to mark; the events are done."""
    await save(backend, someone(1))

    outcomes = await mark(backend, "nobody@example.com", "p1@example.com", "nor-an-address")
    gone = samples.person("person.deleted", data={"email_address": "nobody@example.com"})
    await backend.save(contact_of(gone))

    assert list(outcomes) == [None] * 3
    assert list(standin.contacts) == ["p1@example.com"]
    assert standin.contacts["p1@example.com"]["salesloft_bounced_address"] == "p1@example.com"


async def test_addresses_merged_into_one_contact_are_changed_as_one(backend: HubSpotContacts, standin: HubSpot) -> None:
    """HubSpot knows a contact by its further addresses, too, and refuses a request that names it twice."""
    await save(backend, someone(1))
    usual = standin.respond
    merged = {"email": "p1@example.com", "hs_additional_emails": "old@example.com;older@example.com"}
    found = Answer(200, {"results": [{"id": "101", "properties": merged}]})
    standin.respond = lambda request: found if request.path == f"{BATCH}read" else usual(request)

    outcomes = await mark(backend, "p1@example.com", "old@example.com", "older@example.com")

    assert list(outcomes) == [None] * 3
    assert standin.contacts["p1@example.com"]["salesloft_bounced_address"] == "older@example.com"


async def test_a_contact_deleted_between_look_up_and_change_is_done_the_next_time(
    backend: HubSpotContacts, standin: HubSpot
) -> None:
    """The update finds nobody and is tried again, upon which the look-up finds nobody either."""
    await save(backend, someone(1))
    missing = {"status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": ["101"]}}
    found = {"id": "101", "properties": {"email": "p1@example.com"}}
    standin.answers.extend(
        [Answer(200, {"results": [found]}), Answer(207, {"status": "COMPLETE", "errors": [missing]})]
    )

    (first,) = await mark(backend, "p1@example.com")
    standin.records["contacts"].clear()
    (second,) = await mark(backend, "p1@example.com")

    assert isinstance(first, Retry)
    assert second is None
