"""Reps by their e-mail address, and a Slack app that writes to them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from salesloft_webhooks import Retry, Unavailable
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.handlers.outbound.salesloft_users import SalesloftUsers
from salesloft_webhooks.salesloft import open_salesloft
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform import Fault, SimulatedPlatform
from tests.integration.handlers.builtin.notified import Told, reply
from tests.support import samples
from tests.support.servers import Server
from tests.support.standins.http import StandIn
from tests.support.standins.slack import TOKEN, Slack

API_TOKEN = "ak-an-invented-api-token"


@pytest.fixture
async def service() -> AsyncIterator[StandIn]:
    """A notification service that takes everything."""
    async with StandIn().running() as standin:
        yield standin


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    """A workspace in which Robin is."""
    async with Slack(people={"robin@example.com": "U123"}).running() as standin:
        assert isinstance(standin, Slack)
        yield standin


@pytest.fixture
async def platform() -> AsyncIterator[SimulatedPlatform]:
    """A SalesLoft with two users."""
    async with SimulatedPlatform() as platform:
        platform.access.allow(API_TOKEN)
        for identity, address in ((samples.USER_ID, "Robin@Example.com"), (7, "sam@example.com")):
            record = {"id": identity, "email": address, "updated_at": "2026-03-07T04:00:00.000000-05:00"}
            platform.records.of("/users")[identity] = record
        yield platform


async def test_a_rep_is_known_by_their_e_mail_address(
    valkey: Server, service: StandIn, platform: SimulatedPlatform, tmp_path: Path
) -> None:
    """SalesLoft says which user has it, in whatever letters; users without a row are told where everybody is."""
    urls = {name: service.url.replace("http", "json") + f"/{name}" for name in ("robin", "everybody")}
    section = {"reps": {"robin@example.com": {"urls": [urls["robin"]]}}, "default_urls": [urls["everybody"]]}
    told = Told(valkey, tmp_path, section, salesloft_api_url=platform.url, salesloft_api_token=API_TOKEN)

    await told(reply(), reply(data={"user": {"id": 7}}), reply(data={"user": {"id": 99}}), reply(data={"user": None}))

    assert [each.path for each in service.requests] == ["/robin", *["/everybody"] * 3]


async def test_a_slack_app_writes_to_the_rep_directly(
    valkey: Server, service: StandIn, slack: Slack, platform: SimulatedPlatform, tmp_path: Path
) -> None:
    """Whoever is in the workspace by their e-mail address; all others are told where everybody is."""
    section = {"slack": {"token": TOKEN, "base_url": slack.url}, "default_urls": [f"slack+{service.url}/everybody"]}
    told = Told(valkey, tmp_path, section, salesloft_api_url=platform.url, salesloft_api_token=API_TOKEN)

    await told(reply(), reply(), reply(data={"user": {"id": 7}}))

    assert [channel for channel, _ in slack.messages] == ["U123", "U123"]
    assert slack.messages[0][1]["blocks"][0]["type"] == "header"
    assert len(service.requests) == 1
    assert len(slack.requests) == 4, "each address is looked for once"


@pytest.mark.parametrize(("error", "outcome"), [("missing_scope", Unavailable), ("internal_error", Retry)], ids=str)
async def test_a_workspace_that_cannot_be_asked_tells_nobody_else(
    valkey: Server,
    slack: Slack,
    platform: SimulatedPlatform,
    tmp_path: Path,
    error: str,
    outcome: type[Exception],
) -> None:
    """A token without its scope pauses the group, another error is tried again: no rep's message goes to everybody."""
    slack.error = error
    section = {"slack": {"token": TOKEN, "base_url": slack.url}, "default_urls": [f"slack+{slack.url}/everybody"]}
    settings = Told(valkey, tmp_path, section, salesloft_api_url=platform.url, salesloft_api_token=API_TOKEN).settings

    async with load_group("notify", (), settings).open(settings) as running:
        with pytest.raises(outcome) as caught:
            await running.handle(reply())

    assert TOKEN not in str(caught.value)
    assert slack.messages == []


async def test_reps_by_address_need_salesloft(valkey: Server, tmp_path: Path) -> None:
    """Without credentials for its API the worker does not start, and says which settings they are."""
    section = {"reps": {"robin@example.com": {"urls": ["json://localhost"]}}}

    with pytest.raises(ConfigurationError, match="SALESLOFT_API_TOKEN"):
        await Told(valkey, tmp_path, section)(reply())


async def test_users_are_listed_once_and_looked_for_again_after_a_while(platform: SimulatedPlatform) -> None:
    """The list is believed for an hour; somebody who is not in it is looked for again after five minutes."""
    now = 0.0
    settings = Settings.load(salesloft_api_url=platform.url, salesloft_api_token=API_TOKEN)
    async with open_salesloft(settings) as salesloft:
        users = SalesloftUsers(salesloft.lists, lambda: now)
        assert await users.email_of(samples.USER_ID) == "robin@example.com"
        platform.records.of("/users")[8] = {"id": 8, "email": "new@example.com"}

        assert await users.email_of(8) is None
        now = 301.0
        assert await users.email_of(8) == "new@example.com"
        platform.faults.order(Fault.ERROR, path="/v2/users", times=1)
        assert await users.email_of(samples.USER_ID) == "robin@example.com", "nobody was asked"
