"""Contacts in HubSpot: batches, partial failures, limits, slow and broken answers."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from salesloft_webhooks import Event, PermanentError, Retry, Unavailable
from salesloft_webhooks.errors import HandlerSignal
from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from salesloft_webhooks.handlers.builtin.crm.hubspot import HubSpotContacts
from salesloft_webhooks.outgoing_http import open_client
from tests.support import samples
from tests.support.standins import hubspot
from tests.support.standins.http import DISCONNECT, GARBAGE, TRUNCATED, Answer, Request
from tests.support.standins.hubspot import HubSpot


@pytest.fixture
async def standin() -> AsyncIterator[HubSpot]:
    """A running HubSpot without contacts."""
    async with HubSpot().running() as standin:
        assert isinstance(standin, HubSpot)
        yield standin


@pytest.fixture
async def backend(standin: HubSpot) -> AsyncIterator[HubSpotContacts]:
    """The back end, connected to the stand-in, with the patience of a busy machine, and less than slow answers take."""
    async with open_client(timeout_seconds=1.5) as client:
        yield HubSpotContacts(configuration(standin), client)


def configuration(standin: HubSpot, token: str = hubspot.TOKEN) -> HubSpotCrm:
    """The section of the file."""
    return HubSpotCrm.model_validate(
        {
            "backend": "hubspot",
            "token": token,
            "base_url": standin.url,
            "bounced_field": "salesloft_bounced_address",
            "deleted_field": "salesloft_deleted",
        }
    )


def someone(number: int, **data: object) -> Event:
    """A person of that number."""
    return samples.person(data={"id": number, "person_id": number, "email_address": f"p{number}@example.com", **data})


async def save(backend: HubSpotContacts, *events: Event) -> Sequence[BaseException | None]:
    """Save several persons at once; what became of each."""
    return await asyncio.gather(*(backend.save(contact_of(event)) for event in events), return_exceptions=True)


async def test_a_contact_is_upserted_with_the_mapped_properties(backend: HubSpotContacts, standin: HubSpot) -> None:
    """The address is the key; fields that SalesLoft has nothing for are left alone."""
    await save(backend, someone(1, phone=None))

    assert standin.contacts == {
        "p1@example.com": {
            "email": "p1@example.com",
            "firstname": "Robin",
            "lastname": "Sample",
            "jobtitle": "Sales Development Representative",
            "company": "Example Corp",
            "salesloft_deleted": "false",
        }
    }


async def test_concurrent_contacts_share_requests_of_at_most_a_hundred(
    backend: HubSpotContacts, standin: HubSpot
) -> None:
    """250 contacts at once take three requests: all that came before the first was sent count."""
    assert await save(backend, *(someone(number) for number in range(1, 251))) == [None] * 250

    assert len(standin.contacts) == 250
    assert [len(request.json["inputs"]) for request in standin.requests] == [100, 100, 50]


async def test_two_versions_in_one_batch_are_sent_as_the_newer(backend: HubSpotContacts, standin: HubSpot) -> None:
    """HubSpot refuses a request that names an address twice, so the versions are merged, whatever their order."""
    newer = someone(1, title="newer", updated_at="2026-03-07T05:00:00Z")
    older = someone(1, title="older", updated_at="2026-03-07T04:00:00Z")

    assert await save(backend, newer, older) == [None, None]

    assert standin.contacts["p1@example.com"]["jobtitle"] == "newer"


async def test_a_partial_failure_fails_only_its_own_contact(backend: HubSpotContacts, standin: HubSpot) -> None:
    """Of a batch answered 207 the refused contact is permanent, its neighbours are saved."""
    outcomes = await save(backend, someone(1), someone(2, email_address="nonsense"), someone(3))

    assert [type(outcome) for outcome in outcomes] == [type(None), PermanentError, type(None)]
    assert sorted(standin.contacts) == ["p1@example.com", "p3@example.com"]


async def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_one_stands_alone(
    backend: HubSpotContacts, standin: HubSpot
) -> None:
    """Without multi-status a 400 says nothing about whom it means; only the one refused alone fails."""

    def strict(request: Request) -> Answer:
        answer = standin.answer_to(request)
        return Answer(400, {"category": "VALIDATION_ERROR"}) if answer.status == 207 else answer

    standin.respond = strict

    outcomes = await save(backend, *(someone(n, **({"email_address": "bad"} if n == 5 else {})) for n in range(1, 9)))

    assert [isinstance(outcome, PermanentError) for outcome in outcomes] == [n == 5 for n in range(1, 9)]
    assert len(standin.contacts) == 7


@pytest.mark.parametrize(
    ("answer", "signal", "seconds"),
    [
        (hubspot.RATE_LIMITED, Unavailable, 2),
        (hubspot.DAILY_LIMIT, Unavailable, 900),
        (Answer(429, headers={"X-HubSpot-RateLimit-Interval-Milliseconds": "7000"}), Unavailable, 7),
        (Answer(429), Unavailable, 10),
        (Answer(503), Unavailable, 10),
        (Answer(503, headers={"Retry-After": "Sat, 07 Mar 2099 00:00:00 GMT"}), Unavailable, 3600),
        (Answer(477, headers={"Retry-After": "120"}), Unavailable, 120),
        (Answer(401), Unavailable, 60),
        (Answer(500), Retry, None),
        (Answer(500, headers={"Retry-After": "7"}), Retry, 7),
        (Answer(423), Retry, None),
        (Answer(200, {"status": "COMP"}), Retry, None),
        (Answer(200, ["?"]), Retry, None),
        (Answer(delay_seconds=2), Retry, None),
        (Answer(trickle_seconds=0.1), Retry, None),
        (DISCONNECT, Retry, None),
        (GARBAGE, Retry, None),
        (TRUNCATED, Retry, None),
        (Answer(307, headers={"Location": "/elsewhere"}), Unavailable, 60),
        (Answer(404), Unavailable, 60),
        (Answer(400), Retry, None),
        (Answer(409, {"category": "CONFLICT"}), Retry, None),
        (Answer(207, {"results": None, "errors": 7}), Retry, None),
    ],
    ids=[
        "429",
        "daily-limit",
        "429-of-a-window",
        "429-without-more",
        "503",
        "503-with-a-date",
        "477-migration",
        "401",
        "500",
        "500-with-retry-after",
        "423",
        "not-complete",
        "not-an-object",
        "slow",
        "trickling",
        "disconnect",
        "garbage",
        "truncated",
        "redirect",
        "404",
        "400-without-a-reason",
        "409",
        "207-malformed",
    ],
)
async def test_answers_become_signals(
    backend: HubSpotContacts, standin: HubSpot, answer: Answer, signal: type[HandlerSignal], seconds: float | None
) -> None:
    """What heals is retried or paused for as long as HubSpot asks; the same contact then goes through."""
    standin.answers.append(answer)

    with pytest.raises(signal) as caught:
        await backend.save(contact_of(someone(1)))
    assert getattr(caught.value, "after_seconds", None) == seconds
    assert "example.com" not in str(caught.value), "a message ends in logs"
    await backend.save(contact_of(someone(1)))
    assert list(standin.contacts) == ["p1@example.com"]


async def test_an_unreachable_hubspot_pauses_the_group() -> None:
    """A refused connection says nothing against the event, so no attempt is counted."""
    async with HubSpot().running() as standin, open_client(timeout_seconds=1) as client:
        assert isinstance(standin, HubSpot)
        backend = HubSpotContacts(configuration(standin), client)

    async with open_client(timeout_seconds=1) as client:
        backend = HubSpotContacts(configuration(standin), client)
        with pytest.raises(Unavailable):
            await backend.save(contact_of(someone(1)))


async def test_a_bounce_and_a_deletion_are_written_into_the_configured_properties(
    backend: HubSpotContacts, standin: HubSpot
) -> None:
    """The bounced address itself is written, so that it stays true when the contact gets another one."""
    await backend.save(contact_of(someone(1)))
    bounce = samples.email("email.bounced", data={"recipient_email_address": "P1@example.com"})
    await backend.mark_bounced(bounce_of(bounce))
    gone = samples.person("person.deleted", data={"email_address": "p1@example.com"})
    await backend.save(contact_of(gone))

    contact = standin.contacts["p1@example.com"]
    assert (contact["salesloft_bounced_address"], contact["salesloft_deleted"]) == ("P1@example.com", "true")

    await backend.save(contact_of(someone(1)))

    assert contact["salesloft_deleted"] == "false", "saved again, so there again"
    assert contact["salesloft_bounced_address"] == "P1@example.com"


async def test_a_person_without_an_address_is_left_out(backend: HubSpotContacts, standin: HubSpot) -> None:
    """There is nothing to upsert by; as such people are nothing unusual, they are no dead letters either."""
    await backend.save(contact_of(someone(1, email_address=None)))

    assert standin.requests == []
