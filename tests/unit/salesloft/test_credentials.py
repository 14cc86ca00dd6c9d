"""Tokens: read again, renewed in time, refused, and shown nowhere."""

import traceback
from pathlib import Path

import httpx2
import pytest

from salesloft_webhooks.errors import ConfigurationError, SalesloftUnauthorized, SalesloftUnavailable
from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.salesloft import LISTS, LocalBudget, Patience
from salesloft_webhooks.salesloft.credentials import ClientCredentials, Secret, credentials_from
from salesloft_webhooks.salesloft.record_lists import Lists
from salesloft_webhooks.salesloft.transport import Transport
from salesloft_webhooks.secret_file import SecretFile
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform import Behaviour, Fault, SimulatedPlatform
from salesloft_webhooks.telemetry import SalesloftTelemetry
from salesloft_webhooks.telemetry.salesloft_telemetry import API_REQUESTS
from tests.unit.salesloft.conftest import TOKEN, Opening, Waits

APP = {"salesloft_client_id": "the-app", "salesloft_client_secret": "the-secret-of-the-app"}
PEOPLE = LISTS["people"]


async def test_a_token_in_a_file_may_change(opened: Opening, platform: SimulatedPlatform, tmp_path: Path) -> None:
    """A revoked token is no failure if the file has a new one: it is read again at once, also for a creation."""
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")

    async with opened(salesloft_api_token_file=str(path)) as salesloft:
        await salesloft.lists.page(PEOPLE)
        platform.access.revoke(TOKEN)
        platform.access.allow("the-second-token")
        path.write_text("the-second-token\n")
        made = await salesloft.subscriptions.create("person_updated", "https://a.example.com", "signing-token")

    assert [each["id"] for each in platform.subscriptions] == [made.id]


async def test_a_token_that_stays_wrong_is_unauthorized(
    opened: Opening, platform: SimulatedPlatform, tmp_path: Path
) -> None:
    """The file is read again once; then nothing is tried any more, and the error says what it is."""
    path = tmp_path / "token"
    path.write_text(TOKEN)

    async with opened(salesloft_api_token_file=str(path)) as salesloft:
        platform.access.revoke(TOKEN)
        with pytest.raises(SalesloftUnauthorized, match="Unauthorized"):
            await salesloft.lists.page(PEOPLE)
        path.write_text("another-wrong-token")
        with pytest.raises(SalesloftUnauthorized, match="Unauthorized: SalesLoft answered 401: Invalid Bearer token"):
            await salesloft.lists.page(PEOPLE)

    assert platform.rate_limit.spent == 0


def test_a_file_that_no_header_could_carry_is_not_taken(tmp_path: Path) -> None:
    """Somebody saves two lines, or a page of HTML, in place of the token: the old one goes on working."""
    path = tmp_path / "token"
    path.write_text(f" {TOKEN}\n")
    secret = Secret("S", None, SecretFile("S_FILE", path))

    path.write_text("<html>\nlog in\n</html>")
    kept = secret.current(now=True)
    path.write_text("the-second-token")

    assert kept == TOKEN
    assert secret.current(now=True) == "the-second-token"


async def test_an_app_gets_its_token_once(opened: Opening, platform: SimulatedPlatform) -> None:
    """One token serves many requests."""
    platform.access.register("the-app", "the-secret-of-the-app")

    async with opened(**APP) as salesloft:
        for _ in range(3):
            await salesloft.lists.page(PEOPLE)

    assert platform.access.issued == 1


async def test_an_app_renews_its_token_in_time(platform: SimulatedPlatform, waits: Waits) -> None:
    """At four fifths of its life there is a new one, not before."""
    platform.access.register("the-app", "the-secret-of-the-app")
    async with httpx2.AsyncClient() as http:
        secret = Secret("S", Settings.load(**APP).salesloft_client_secret, None)
        credentials = ClientCredentials(http, platform.token_url, "the-app", secret, clock=waits.clock)

        first = await credentials.token()
        waits.now = 7200 * 0.8 - 1
        same = await credentials.token()
        waits.now = 7200 * 0.8
        second = await credentials.token()

    assert first == same != second


async def test_a_refused_token_of_an_app_is_replaced(opened: Opening, platform: SimulatedPlatform) -> None:
    """SalesLoft may end a token before its time: there is a new one, and nobody notices."""
    platform.access.register("the-app", "the-secret-of-the-app")

    async with opened(**APP) as salesloft:
        await salesloft.lists.page(PEOPLE)
        for token in list(platform.access._tokens):
            platform.access.revoke(token)
        await salesloft.lists.page(PEOPLE)

    assert platform.access.issued == 2


async def test_a_token_is_taken_after_the_wait(waits: Waits) -> None:
    """A token that ends while a request waits for the rate limit is never sent: no request is refused for it."""
    behaviour = Behaviour(token_seconds=50.0, clock=waits.clock)
    before = API_REQUESTS.labels("GET", "401")._value.get()
    async with SimulatedPlatform(behaviour) as platform, open_client(timeout_seconds=5.0) as http:
        platform.access.register("the-app", "the-secret-of-the-app")
        secret = Secret("S", Settings.load(**APP).salesloft_client_secret, None)
        credentials = ClientCredentials(http, platform.token_url, "the-app", secret, clock=waits.clock)
        http.base_url = httpx2.URL(platform.url)
        budget = LocalBudget(1, clock=waits.clock)
        lists = Lists(
            Transport(http, credentials, budget, Patience(), SalesloftTelemetry(), sleep=waits.sleep, clock=waits.clock)
        )
        for _ in range(2):
            await lists.page(PEOPLE)

    assert len(waits.seconds) == 1
    assert platform.access.issued == 2
    assert API_REQUESTS.labels("GET", "401")._value.get() == before


async def test_a_wrong_secret_of_an_app_is_unauthorized(opened: Opening, platform: SimulatedPlatform) -> None:
    """The token endpoint's refusal is the same error, and asks nothing of the API."""
    platform.access.register("the-app", "another")

    async with opened(**APP) as salesloft:
        with pytest.raises(SalesloftUnauthorized, match="client id or secret are wrong"):
            await salesloft.lists.page(PEOPLE)

    assert platform.rate_limit.spent == 0


async def test_a_secret_of_an_app_may_change(opened: Opening, platform: SimulatedPlatform, tmp_path: Path) -> None:
    """The file with the client secret is read again, like that with a token."""
    path = tmp_path / "secret"
    path.write_text("the-first-secret")
    platform.access.register("the-app", "the-second-secret")

    async with opened(salesloft_client_id="the-app", salesloft_client_secret_file=str(path)) as salesloft:
        path.write_text("the-second-secret")
        await salesloft.lists.page(PEOPLE)

    assert platform.access.issued == 1


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.HANG, Fault.RESET, Fault.HTML], ids=str)
async def test_a_token_endpoint_that_fails_is_asked_again(
    opened: Opening, platform: SimulatedPlatform, fault: Fault
) -> None:
    """Nothing was asked of the API yet, so even a creation is tried again, and done once."""
    platform.access.register("the-app", "the-secret-of-the-app")
    platform.faults.order(fault, path="/oauth/token")

    async with opened(patience=Patience(whole_seconds=0.3), **APP) as salesloft:
        await salesloft.subscriptions.create("person_updated", "https://a.example.com", "signing-token")

    assert len(list(platform.subscriptions)) == 1


async def test_a_token_endpoint_that_stays_away_is_not_a_wrong_secret(
    opened: Opening, platform: SimulatedPlatform
) -> None:
    """Nobody is sent to look for another secret because of an outage."""
    platform.access.register("the-app", "the-secret-of-the-app")
    platform.faults.order(Fault.ERROR, path="/oauth/token", times=99)

    async with opened(**APP) as salesloft:
        with pytest.raises(SalesloftUnavailable, match="token endpoint answered 500"):
            await salesloft.lists.page(PEOPLE)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "needs SALESLOFT_API_TOKEN"),
        ({"salesloft_api_token": "a", "salesloft_api_token_file": "b"}, "not both"),
        ({"salesloft_api_token": "a", **APP}, "not both"),
        ({"salesloft_client_id": "a"}, "needs SALESLOFT_API_TOKEN"),
        ({"salesloft_api_token": "two words"}, "SALESLOFT_API_TOKEN: holds a blank"),
        ({"salesloft_api_token_file": "nowhere"}, "SALESLOFT_API_TOKEN_FILE: the file cannot be read"),
    ],
    ids=["none", "value and file", "token and app", "half an app", "blank", "no file"],
)
async def test_what_cannot_work_is_refused_at_the_start(settings: dict[str, str], problem: str) -> None:
    """Settings that are missing or contradict each other are named, never shown."""
    async with httpx2.AsyncClient() as http:
        with pytest.raises(ConfigurationError, match=problem):
            credentials_from(Settings.load(**settings), http, 1.0)


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.RESET, Fault.HTML, Fault.HANG], ids=str)
async def test_no_secret_is_in_an_error(opened: Opening, platform: SimulatedPlatform, fault: Fault) -> None:
    """Whatever goes wrong, neither message nor cause nor context of the error has the token or the signing token."""
    platform.faults.order(fault, times=99)

    async with opened(patience=Patience(whole_seconds=0.2)) as salesloft:
        with pytest.raises(SalesloftUnavailable) as caught:
            await salesloft.subscriptions.create("person_updated", "https://a.example.com", "signing-token")

    error: BaseException | None = caught.value
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)
    assert TOKEN not in said
    assert "signing-token" not in said.replace('"signing-token"', "")  # the line of this test that sent it
    while error is not None:
        assert not isinstance(error, httpx2.RequestError)  # which holds the request, and with it the token
        error = error.__cause__ or error.__context__
