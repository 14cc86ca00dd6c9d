"""Whose fault it is when Salesforce refuses: limits and wrong settings pause, bad records die, nobody else does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import pytest

from salesloft_webhooks import Event, PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from salesloft_webhooks.handlers.builtin.crm.salesforce import SalesforceContacts
from salesloft_webhooks.outgoing_http import open_client
from tests.support import samples
from tests.support.standins import salesforce
from tests.support.standins.http import Answer
from tests.support.standins.salesforce import Salesforce


@pytest.fixture
async def standin() -> AsyncIterator[Salesforce]:
    """A running Salesforce without contacts."""
    async with Salesforce().running() as standin:
        assert isinstance(standin, Salesforce)
        yield standin


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """A client with some patience."""
    async with open_client(timeout_seconds=5) as client:
        yield client


def connected(standin: Salesforce, client: httpx2.AsyncClient, **more: Any) -> SalesforceContacts:
    """The back end, with bounces and deletions passed on."""
    section = {
        "backend": "salesforce",
        "login_url": standin.url,
        "client_id": salesforce.CLIENT_ID,
        "client_secret": salesforce.CLIENT_SECRET,
        "bounced_field": "SalesLoft_Bounced_Address__c",
        "deleted_field": "SalesLoft_Deleted__c",
        **more,
    }
    return SalesforceContacts(SalesforceCrm.model_validate(section), client)


@pytest.fixture
def backend(standin: Salesforce, client: httpx2.AsyncClient) -> SalesforceContacts:
    """The back end as most have it."""
    return connected(standin, client)


def someone(number: int, **data: Any) -> Event:
    """A person of that number."""
    return samples.person(data={"id": number, "person_id": number, **data})


PEOPLE = [someone(number) for number in range(1, 101)]


async def save(backend: SalesforceContacts, *events: Event) -> Sequence[BaseException | None]:
    """Save several persons at once; what became of each."""
    return await asyncio.gather(*(backend.save(contact_of(event)) for event in events), return_exceptions=True)


async def test_an_unknown_field_pauses_and_is_named(backend: SalesforceContacts, standin: Salesforce) -> None:
    """A hundred people, one write, nobody dead; with the field made they all go through."""
    del standin.fields["Title"]

    outcomes = await save(backend, *PEOPLE)

    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert {str(outcome) for outcome in outcomes} == {"salesforce: INVALID_FIELD (Title)"}
    assert len(standin.writes) == 1

    standin.fields["Title"] = True
    assert await save(backend, *PEOPLE) == [None] * 100


@pytest.mark.parametrize(
    ("code", "fields", "seconds"),
    [
        ("STORAGE_LIMIT_EXCEEDED", (), 300),
        ("REQUEST_LIMIT_EXCEEDED", (), 300),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", ("Title",), 60),
        ("INVALID_TYPE", (), 60),
        ("API_DISABLED_FOR_ORG", (), 60),
        ("INVALID_SESSION_ID", (), 60),
        ("REQUIRED_FIELD_MISSING", ("Region__c",), 60),
    ],
)
async def test_what_is_wrong_for_every_record_pauses(
    backend: SalesforceContacts, standin: Salesforce, code: str, fields: tuple[str, ...], seconds: float
) -> None:
    """Said of each record: storage and quota, rights, a required field that nobody mapped."""
    standin.failing, standin.failing_fields = code, fields

    outcomes = await save(backend, *PEOPLE)

    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert {getattr(outcome, "after_seconds", None) for outcome in outcomes} == {seconds}
    assert all(name in str(outcomes[0]) for name in (code, *fields))


async def test_a_session_that_ends_in_the_results_is_renewed_first(
    backend: SalesforceContacts, standin: Salesforce
) -> None:
    """Wherever INVALID_SESSION_ID stands, the request is repeated with a new token before anything is concluded."""
    await save(backend, someone(1))
    error = {"statusCode": "INVALID_SESSION_ID", "message": "Session expired", "fields": []}
    standin.answers.append(Answer(200, [{"success": False, "errors": [error]}]))

    assert await save(backend, someone(2)) == [None]

    assert standin.tokens == 2


async def test_an_unknown_reason_for_everybody_pauses(backend: SalesforceContacts, standin: Salesforce) -> None:
    """A rule of the organisation's own that all fail: the first four count an attempt, then it is not the people."""
    standin.failing = "FIELD_CUSTOM_VALIDATION_EXCEPTION"

    outcomes = await save(backend, *PEOPLE)

    assert Counter(map(type, outcomes)) == {Unavailable: 96, Retry: 4}


async def test_a_malformed_value_fails_only_its_own_record(backend: SalesforceContacts, standin: Salesforce) -> None:
    """A 400 for the whole request says nothing about whom it means; the other 99 are saved."""
    usual = standin.respond
    unreadable = Answer(400, [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize instance of boolean"}])
    standin.respond = lambda request: unreadable if b"malformed" in request.body else usual(request)

    outcomes = await save(backend, *PEOPLE[:50], someone(777, title="malformed"), *PEOPLE[50:99])

    assert Counter(map(type, outcomes)) == {type(None): 99, PermanentError: 1}


@pytest.mark.parametrize(
    ("setting", "outcome", "there"), [("refuse", PermanentError, 2), ("save", type(None), 3), ("skip", type(None), 2)]
)
async def test_a_duplicate_is_what_the_setting_says(
    standin: Salesforce, client: httpx2.AsyncClient, setting: str, outcome: type, there: int
) -> None:
    """A dead letter, saved against the warning, or left out; the neighbours are saved in any case."""
    standin.duplicates.add("Double")
    backend = connected(standin, client, on_duplicate=setting)

    outcomes = await save(backend, someone(1), someone(2, last_name="Double"), someone(3))

    assert [type(each) for each in outcomes] == [type(None), outcome, type(None)]
    assert len(standin.contacts) == there


async def test_duplicates_all_over_pause_and_name_the_setting(backend: SalesforceContacts, standin: Salesforce) -> None:
    """An organisation that knows everybody already: it is the setting that has to be thought about."""
    standin.duplicates.add("Sample")

    outcomes = await save(backend, *PEOPLE)

    assert Counter(map(type, outcomes)) == {Unavailable: 96, Retry: 4}
    assert "crm.on_duplicate" in str(outcomes[-1])


async def test_bounces_and_deletions_of_unknown_people_create_nobody(
    backend: SalesforceContacts, standin: Salesforce
) -> None:
    """Nor do they die for want of a last name; the known one among them is marked."""
    await save(backend, someone(1))
    bounces = [samples.email("email.bounced", data={"person_id": number}) for number in (1, 2)]

    marked = (backend.mark_bounced(bounce_of(event)) for event in bounces)
    outcomes = await asyncio.gather(*marked, return_exceptions=True)
    await backend.save(contact_of(samples.person("person.deleted")))

    assert outcomes == [None, None]
    assert list(standin.contacts) == ["1"]
    assert standin.contacts["1"]["SalesLoft_Bounced_Address__c"] == "robin.sample@example.com"
