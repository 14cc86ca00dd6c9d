"""Contacts posted to one's own endpoint; stale ones never leave."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks import Event, Retry, Unavailable
from salesloft_webhooks.handlers.loading import LoadedGroup, load_group
from salesloft_webhooks.handlers.outbound.signing import message_id_of
from salesloft_webhooks.settings import Ordering, Settings
from tests.support import samples
from tests.support.servers import Server
from tests.support.standins.http import Answer, StandIn


@pytest.fixture
async def endpoint() -> AsyncIterator[StandIn]:
    """The user's endpoint, which takes everything."""
    async with StandIn().running() as standin:
        yield standin


@pytest.fixture
def settings(endpoint: StandIn, valkey: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose handlers file chooses the endpoint, with a secret from the environment."""
    monkeypatch.setenv("CRM_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    file = tmp_path / "handlers.yaml"
    section = {"backend": "http", "url": f"{endpoint.url}/contacts", "secrets": ["${CRM_SECRET}"]}
    file.write_text(yaml.safe_dump({"crm": section}))
    return Settings.load(handlers_file=file, redis_url=valkey.url)


def group(settings: Settings) -> LoadedGroup:
    """The built-in group."""
    return load_group("crm", (), settings)


def version(minute: int, event_type: str = "person.updated") -> Event:
    """A person's version of a certain minute."""
    return samples.person(event_type, data={"updated_at": f"2026-03-07T04:{minute:02}:00-05:00"}, group="crm")


async def test_a_contact_is_posted_with_its_key_and_a_signature(endpoint: StandIn, settings: Settings) -> None:
    """The event's idempotency key travels as it is, and as the id that the signature covers."""
    event = version(1)
    async with group(settings).open(settings) as running:
        await running.handle(event)

    request = endpoint.requests[0]
    assert (request.method, request.path) == ("POST", "/contacts")
    assert request.headers["idempotency-key"] == event.idempotency_key
    assert request.headers["webhook-id"] == message_id_of(event.idempotency_key)
    assert request.headers["webhook-signature"].startswith("v1,")
    assert request.json["type"] == "contact.saved"
    assert request.json["data"]["email_address"] == "robin.sample@example.com"


async def test_what_is_to_be_logged_is_posted(endpoint: StandIn, settings: Settings, tmp_path: Path) -> None:
    """Under its id, with what SalesLoft says of it; a meeting that changes comes again, a stale one does not."""
    section = {"backend": "http", "url": endpoint.url, "log": ["call.completed", "meeting.*"]}
    (tmp_path / "handlers.yaml").write_text(yaml.safe_dump({"crm": section}))
    assert {"call.completed", "meeting.booked", "meeting.updated"} < set(group(settings).patterns)
    call = {"id": 7, "person_id": 1, "duration": 65, "disposition": "Connected"}

    async with group(settings).open(settings) as running:
        await running.handle(samples.event("call.completed", call, group="crm"))
        for hour in (8, 9, 8):
            meeting = {"id": 7, "person_id": 1, "title": "Demo", "updated_at": f"2026-03-07T{hour:02}:00:00Z"}
            await running.handle(samples.event("meeting.updated", meeting, group="crm"))

    posted = [request.json for request in endpoint.requests]
    assert [(each["type"], each["data"]["activity_id"]) for each in posted] == [
        ("activity.logged", "call/7"),
        ("activity.logged", "meeting/7"),
        ("activity.logged", "meeting/7"),
    ]
    assert posted[0]["data"]["duration_seconds"] == 65
    assert posted[0]["data"]["outcome"] == "Connected"


async def test_a_stale_version_is_not_posted(endpoint: StandIn, settings: Settings) -> None:
    """Older than what was applied last: dropped; as old: posted again, since a replay may mean to."""
    async with group(settings).open(settings) as running:
        for event in (version(2), version(1), version(2), version(2, "person.deleted"), version(2)):
            await running.handle(event)

    assert [request.json["type"] for request in endpoint.requests] == [
        "contact.saved",
        "contact.saved",
        "contact.deleted",
    ]


async def test_a_version_that_was_refused_is_not_remembered(endpoint: StandIn, settings: Settings) -> None:
    """What could not be applied does not make an older version stale."""
    endpoint.answers.append(Answer(422))
    async with group(settings).open(settings) as running:
        with pytest.raises(Retry):
            await running.handle(version(2))
        await running.handle(version(1))

    assert len(endpoint.requests) == 2


async def test_a_redirect_is_not_followed(endpoint: StandIn, settings: Settings) -> None:
    """A contact goes where the configuration says and nowhere else; a login page's redirect kills nobody."""
    endpoint.answers.append(Answer(302, headers={"Location": f"{endpoint.url}/elsewhere"}))
    async with group(settings).open(settings) as running:
        with pytest.raises(Retry):
            await running.handle(version(1))

    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", [302, 401, 404, 413, 500])
async def test_an_endpoint_that_refuses_everybody_pauses_the_group(
    endpoint: StandIn, settings: Settings, status: int
) -> None:
    """A wrong path or key, a redeployment: the fifth person to be refused finds out for all later ones."""
    endpoint.respond = lambda _request: Answer(status)
    outcomes = []
    async with group(settings).open(settings) as running:
        for number in range(1, 8):
            try:
                await running.handle(samples.person(data={"id": number, "person_id": number}, group="crm"))
            except (Retry, Unavailable) as signal:
                outcomes.append(type(signal))

    assert outcomes == [Retry] * 4 + [Unavailable] * 3


async def test_a_person_saved_again_is_said_to_be_there(endpoint: StandIn, settings: Settings) -> None:
    """`deleted` is in every message about a person, so an endpoint's own mark can be cleared."""
    async with group(settings).open(settings) as running:
        for event in (version(1, "person.deleted"), version(2)):
            await running.handle(event)

    assert [request.json["data"]["deleted"] for request in endpoint.requests] == [True, False]


async def test_a_key_that_no_header_can_hold_is_escaped(endpoint: StandIn, settings: Settings) -> None:
    """Ids are other people's: one with an umlaut or a newline must not fail before it is sent."""
    event = samples.person(event_id="größer\r\nX-Evil: 1", group="crm")
    async with group(settings).open(settings) as running:
        await running.handle(event)

    (request,) = endpoint.requests
    assert request.headers["idempotency-key"] == "crm/gr%C3%B6%C3%9Fer%0D%0AX-Evil:%201"
    assert "x-evil" not in request.headers


async def test_bounces_are_posted(endpoint: StandIn, settings: Settings) -> None:
    """With the address they are about."""
    async with group(settings).open(settings) as running:
        await running.handle(samples.email("email.bounced"))

    assert endpoint.requests[0].json["type"] == "contact.bounced"
    assert endpoint.requests[0].json["data"]["email_address"] == "robin.sample@example.com"


def test_the_group_asks_for_order_per_person(settings: Settings) -> None:
    """Two versions of a person under way at once could overtake each other on the way to the endpoint."""
    assert group(settings).ordering is Ordering.ENTITY
