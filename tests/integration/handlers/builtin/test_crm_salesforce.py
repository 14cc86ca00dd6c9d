"""Contacts in Salesforce: tokens that expire, records that fail alone, a spent quota."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from salesloft_webhooks import Event, PermanentError, Retry, Unavailable
from salesloft_webhooks.errors import HandlerSignal
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from salesloft_webhooks.handlers.builtin.crm.salesforce import SalesforceContacts
from salesloft_webhooks.outgoing_http import open_client
from tests.support import samples
from tests.support.standins import salesforce
from tests.support.standins.http import GARBAGE, TRUNCATED, Answer
from tests.support.standins.salesforce import Salesforce


@pytest.fixture
async def standin() -> AsyncIterator[Salesforce]:
    """A running Salesforce without contacts."""
    async with Salesforce().running() as standin:
        assert isinstance(standin, Salesforce)
        yield standin


def connected(standin: Salesforce, client: object, secret: str = salesforce.CLIENT_SECRET) -> SalesforceContacts:
    """The back end, connected to the stand-in."""
    section = {
        "backend": "salesforce",
        "login_url": standin.url,
        "client_id": salesforce.CLIENT_ID,
        "client_secret": secret,
        "bounced_field": "SalesLoft_Bounced_Address__c",
        "deleted_field": "SalesLoft_Deleted__c",
    }
    return SalesforceContacts(SalesforceCrm.model_validate(section), client)  # type: ignore[arg-type]


@pytest.fixture
async def backend(standin: Salesforce) -> AsyncIterator[SalesforceContacts]:
    """The back end with the patience of a busy machine, and less than slow answers take."""
    async with open_client(timeout_seconds=1.5) as client:
        yield connected(standin, client)


def someone(number: int, **data: object) -> Event:
    """A person of that number."""
    return samples.person(data={"id": number, "person_id": number, **data})


async def save(backend: SalesforceContacts, *events: Event) -> list[BaseException | None]:
    """Save several persons at once; what became of each."""
    return await asyncio.gather(*(backend.save(contact_of(event)) for event in events), return_exceptions=True)


async def test_contacts_are_upserted_by_the_persons_id(backend: SalesforceContacts, standin: Salesforce) -> None:
    """450 contacts at once take one token and three requests of at most 200 records."""
    assert await save(backend, *(someone(number) for number in range(1, 451))) == [None] * 450

    assert standin.tokens == 1
    assert [len(r.json["records"]) for r in standin.requests if r.method == "PATCH"] == [200, 200, 50]
    assert standin.contacts["450"] == {
        "SalesLoft_Person_Id__c": "450",
        "Email": "robin.sample@example.com",
        "FirstName": "Robin",
        "LastName": "Sample",
        "Title": "Sales Development Representative",
        "Phone": "+1 444 555 6666",
        "SalesLoft_Deleted__c": False,
    }


async def test_an_expired_token_is_renewed_once(backend: SalesforceContacts, standin: Salesforce) -> None:
    """A 401 fetches a new token and repeats the request; the event never notices."""
    await save(backend, someone(1))
    standin.expire()

    assert await save(backend, someone(2)) == [None]

    assert standin.tokens == 2
    assert sorted(standin.contacts) == ["1", "2"]


async def test_a_token_refused_twice_pauses_the_group(backend: SalesforceContacts, standin: Salesforce) -> None:
    """When a fresh token is refused too, the operator must look; no event is lost to dead letters meanwhile."""
    denied = Answer(401, [{"errorCode": "INVALID_SESSION_ID"}])
    await save(backend, someone(1))
    token = standin.respond
    standin.respond = lambda request: token(request) if request.method == "POST" else denied

    with pytest.raises(Unavailable):
        await backend.save(contact_of(someone(2)))

    assert standin.tokens == 2


async def test_wrong_credentials_pause_the_group(standin: Salesforce) -> None:
    """Salesforce answers the login 400; that is no event's fault."""
    async with open_client(timeout_seconds=1) as client:
        with pytest.raises(Unavailable) as caught:
            await connected(standin, client, secret="wrong").save(contact_of(someone(1)))

    assert caught.value.after_seconds == 60


async def test_records_fail_alone_and_for_their_own_reason(backend: SalesforceContacts) -> None:
    """A missing field is permanent, a locked row is retried, the neighbour is saved."""
    outcomes = await save(backend, someone(1), someone(2, last_name=None), someone(3, title=salesforce.LOCKED))

    assert [type(outcome) for outcome in outcomes] == [type(None), PermanentError, Retry]


@pytest.mark.parametrize(
    ("answer", "signal", "seconds"),
    [
        (salesforce.QUOTA, Unavailable, 300),
        (Answer(403, [{"errorCode": "API_DISABLED_FOR_ORG"}]), Unavailable, 60),
        (Answer(503, [{"errorCode": "SERVER_UNAVAILABLE"}], {"Retry-After": "30"}), Unavailable, 30),
        (Answer(500), Retry, None),
        (Answer(delay_seconds=2), Retry, None),
        (GARBAGE, Retry, None),
        (TRUNCATED, Retry, None),
        (Answer(200, []), Retry, None),
        (Answer(200, {"hello": 1}), Retry, None),
        (Answer(200, [{"success": False, "errors": None}]), Retry, None),
        (Answer(404, [{"errorCode": "NOT_FOUND", "message": "..."}]), Unavailable, 60),
        (Answer(410, [{"errorCode": "UNSUPPORTED_API_VERSION"}]), Unavailable, 60),
        (Answer(302, headers={"Location": "/maintenance"}), Unavailable, 60),
        (Answer(400, [{"errorCode": "JSON_PARSER_ERROR"}]), Retry, None),
    ],
    ids=[
        *("quota", "403", "503", "500", "slow", "garbage", "truncated", "too-few-results", "not-a-list"),
        *("malformed-result", "404", "retired-version", "redirect", "400"),
    ],
)
async def test_answers_become_signals(
    backend: SalesforceContacts, standin: Salesforce, answer: Answer, signal: type[HandlerSignal], seconds: float | None
) -> None:
    """What heals is retried or paused; the same contact then goes through."""
    await save(backend, someone(1))
    standin.answers.append(answer)

    with pytest.raises(signal) as caught:
        await backend.save(contact_of(someone(2)))
    assert getattr(caught.value, "after_seconds", None) == seconds
    assert await save(backend, someone(2)) == [None]


async def test_a_bounce_and_a_deletion_are_written_into_the_configured_fields(
    backend: SalesforceContacts, standin: Salesforce
) -> None:
    """Both reach the same record, by the person's id."""
    await backend.save(contact_of(samples.person()))
    await backend.mark_bounced(bounce_of(samples.email("email.bounced")))
    await backend.save(contact_of(samples.person("person.deleted")))

    record = standin.contacts[str(samples.PERSON_ID)]
    assert record["SalesLoft_Bounced_Address__c"] == "robin.sample@example.com"
    assert record["SalesLoft_Deleted__c"] is True

    await backend.save(contact_of(samples.person()))

    assert record["SalesLoft_Deleted__c"] is False, "saved again, so there again"
