"""Before its first event a worker looks whether the CRM has the configured fields."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from salesloft_webhooks import Event
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.crm import http_backends
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform import SimulatedPlatform
from tests.support import samples
from tests.support.servers import Server
from tests.support.standins import hubspot, salesforce
from tests.support.standins.http import Answer
from tests.support.standins.hubspot import HubSpot
from tests.support.standins.salesforce import Salesforce


@pytest.fixture
async def a_hubspot() -> AsyncIterator[HubSpot]:
    """A running HubSpot."""
    async with HubSpot().running() as standin:
        assert isinstance(standin, HubSpot)
        yield standin


@pytest.fixture
async def a_salesforce() -> AsyncIterator[Salesforce]:
    """A running Salesforce."""
    async with Salesforce().running() as standin:
        assert isinstance(standin, Salesforce)
        yield standin


def of_hubspot(url: str) -> dict[str, Any]:
    """The section of the file."""
    return {"backend": "hubspot", "token": hubspot.TOKEN, "base_url": url, "deleted_field": "salesloft_deleted"}


def of_salesforce(url: str, **more: str) -> dict[str, Any]:
    """The section of the file."""
    login = {"login_url": url, "client_id": salesforce.CLIENT_ID, "client_secret": salesforce.CLIENT_SECRET}
    return {"backend": "salesforce", **login, **more}


class Start:
    """Starts the group with a section."""

    def __init__(self, file: Path, valkey: Server) -> None:
        self.file = file
        self.redis_url = valkey.url

    async def __call__(self, section: dict[str, Any], *, event: Event | bool = False, **more: str) -> list[str]:
        """Open the group, handle that event, or one of a person's, if asked to, and say what was logged."""
        self.file.write_text(yaml.safe_dump({"crm": section}))
        settings = Settings.load(handlers_file=self.file, redis_url=self.redis_url, **more)
        with capture_logs() as logs:
            async with load_group("crm", (), settings).open(settings) as running:
                if event:
                    await running.handle(event if isinstance(event, Event) else samples.person(group="crm"))
        return [log["event"] for log in logs]


@pytest.fixture
def start(tmp_path: Path, valkey: Server) -> Start:
    """Starts the group."""
    return Start(tmp_path / "handlers.yaml", valkey)


async def test_every_wrong_property_of_hubspot_is_named(a_hubspot: HubSpot, start: Start) -> None:
    """One that does not exist and one that is read-only; nothing is written."""
    del a_hubspot.properties["jobtitle"]
    a_hubspot.properties["salesloft_deleted"] = True

    with pytest.raises(ConfigurationError) as caught:
        await start(of_hubspot(a_hubspot.url))

    assert "jobtitle does not exist" in str(caught.value)
    assert "salesloft_deleted is read-only" in str(caught.value)
    assert a_hubspot.writes == []


async def test_every_wrong_field_of_salesforce_is_named(a_salesforce: Salesforce, start: Start) -> None:
    """One that does not exist, one that may not be written, and an id that is none."""
    del a_salesforce.fields["Title"]
    a_salesforce.fields["Phone"] = False

    with pytest.raises(ConfigurationError) as caught:
        await start(of_salesforce(a_salesforce.url, external_id_field="Email"))

    said = str(caught.value)
    assert "Title does not exist" in said
    assert "Phone may not be written" in said
    assert "Email is not marked as an external id" in said


@pytest.mark.parametrize("wrong", [{"sobject": "Kontakt"}, {"api_version": "99.0"}])
async def test_an_object_or_version_that_is_not_there_is_named(
    a_salesforce: Salesforce, start: Start, wrong: dict[str, str]
) -> None:
    """Both are answered 404, so both are said."""
    with pytest.raises(ConfigurationError, match=r"crm\.sobject or crm\.api_version"):
        await start(of_salesforce(a_salesforce.url, **wrong))


async def test_with_all_fields_in_place_nothing_is_said(
    a_hubspot: HubSpot, a_salesforce: Salesforce, start: Start
) -> None:
    """And events are handled."""
    assert await start(of_hubspot(a_hubspot.url), event=True) == []
    assert await start(of_salesforce(a_salesforce.url), event=True) == []


@pytest.mark.parametrize(
    "answer",
    [Answer(503), Answer(403), Answer(500), Answer(200, "?"), Answer(delay_seconds=3)],
    ids=["away", "may-not-look", "broken", "nonsense", "silent"],
)
async def test_a_crm_that_does_not_say_does_not_hinder_the_start(
    a_hubspot: HubSpot, start: Start, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker starts all the same, within a bounded time, says that nothing was checked, and works."""
    monkeypatch.setattr(http_backends, "FIELD_CHECK_SECONDS", 0.3)
    a_hubspot.answers.append(answer)

    assert await start(of_hubspot(a_hubspot.url), event=True) == ["crm.unchecked"]
    assert list(a_hubspot.contacts) == ["robin.sample@example.com"]


async def test_a_rep_of_salesloft_becomes_the_owner_there(a_hubspot: HubSpot, start: Start) -> None:
    """SalesLoft says which address the rep has, and HubSpot whose that is."""
    a_hubspot.owners["robin@example.com"] = "700"
    section = of_hubspot(a_hubspot.url) | {"owner_field": "hubspot_owner_id", "owners_by_email": True}
    async with SimulatedPlatform() as platform:
        platform.access.allow("ak-an-invented-api-token")
        record = {"id": samples.USER_ID, "email": "Robin@Example.com", "updated_at": "2026-03-07T04:00:00Z"}
        platform.records.of("/users")[samples.USER_ID] = record
        access = {"salesloft_api_url": platform.url, "salesloft_api_token": "ak-an-invented-api-token"}

        assert await start(section, event=True, **access) == []

    assert a_hubspot.contacts["robin.sample@example.com"]["hubspot_owner_id"] == "700"


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("call.completed", {"id": 5, "called_person": None, "to": "+1 444"}),
        ("meeting.booked", {"id": 6, "person": None, "start_time": "2026-03-09T10:00:00Z"}),
    ],
)
async def test_what_concerns_nobody_is_not_logged_and_no_dead_letter(
    a_hubspot: HubSpot, start: Start, event_type: str, data: dict[str, Any]
) -> None:
    """A number dialled by hand, a meeting with somebody unknown: SalesLoft has no person there."""
    section = of_hubspot(a_hubspot.url) | {"match": ["salesloft_id"], "log": ["call.completed", "meeting.*"]}

    assert await start(section, event=samples.event(event_type, data, group="crm")) == ["crm.unknown"]
    assert a_hubspot.writes == []


async def test_reps_by_their_address_need_access_to_salesloft(a_hubspot: HubSpot, start: Start) -> None:
    """Else every person would wait for it, for ever: the group does not start."""
    section = of_hubspot(a_hubspot.url) | {"owner_field": "hubspot_owner_id", "owners": {"robin@example.com": "1"}}

    with pytest.raises(ConfigurationError, match="crm: reps by e-mail address need SalesLoft's API"):
        await start(section)


async def test_a_crm_that_is_not_there_does_not_hinder_the_start(start: Start) -> None:
    """Nobody listens at all."""
    async with HubSpot().running() as standin:
        url = standin.url

    assert await start(of_hubspot(url)) == ["crm.unchecked"]
