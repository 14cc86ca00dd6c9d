"""Whatever dies or lies: nothing is there twice, nothing that delivers goes too early, and the object says why."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.simulator.platform import Behaviour, Fault, SimulatedPlatform
from salesloft_webhooks.subscriptions import MasterKey
from tests.chart.api_server import ApiServer
from tests.chart.declared import served
from tests.operator.team import EVENTS, KEY, NEXT_KEY, TOKEN, Team
from tests.support.servers import Server
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("short_times")

LIST = "/v2/webhook_subscriptions"
MANY = ("call_created", "note_created", "person_created", "person_deleted", "person_updated")
THIRD_KEY = "3" * 64


async def test_a_crash_between_creation_and_status(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who dies after the creations, with nothing written down, leaves nothing that is created once more."""
    await team.given()
    with monkeypatch.context() as dying:
        dying.setattr(Cluster, "patch_status", lambda *_: asyncio.Event().wait())
        async with team.operator():
            team.declare()
            await team.shows(lambda: team.there().keys() == set(EVENTS), "the subscriptions are there")
    assert team.status() == {}
    before = team.there()

    async with team.operator():
        await team.ready()

    assert team.there() == before


async def test_two_leaders_at_once(team: Team) -> None:
    """Two that both believe to lead agree on the lowest id of each event."""
    await team.given()
    async with AsyncExitStack() as both:
        for name in ("one", "other"):
            await both.enter_async_context(team.operator(operator_lease_name=name, operator_resync_seconds=0.2))
        team.declare(events=MANY)
        await team.ready()
        for event in MANY:
            team.subscribe(event, MasterKey(KEY.encode()).token(event))
        lowest = {event: [min(ids)] for event, ids in team.there().items()}

        await team.shows(lambda: team.there() == lowest, "one of each is left, the first one")
        await team.ready()


async def test_a_creation_that_failed_and_was_done(team: Team) -> None:
    """500 for a creation that was done all the same is found by the next list."""
    await team.given()
    team.platform.faults.order(Fault.ERROR_AFTER, path=LIST, method="POST", times=2)
    async with team.operator():
        team.declare()

        await team.ready()

    assert team.platform.faults.left == 0
    assert {event: len(ids) for event, ids in team.there().items()} == dict.fromkeys(EVENTS, 1)


async def test_a_list_that_is_empty_by_mistake(team: Team) -> None:
    """One list without ours recreates nothing; two that say the same are believed."""
    await team.given()
    async with team.operator(operator_resync_seconds=0.3):
        team.declare(events=MANY)
        await team.ready()
        before = team.there()

        team.platform.faults.order(Fault.EMPTY, path=LIST, method="GET")
        await eventually(lambda: team.platform.faults.left == 0, "the list was asked for")
        spent = team.platform.rate_limit.spent
        await eventually(lambda: team.platform.rate_limit.spent > spent + 3, "and again")
        assert team.there() == before
        for ids in before.values():
            team.platform.subscriptions.delete(ids[0])

        await team.shows(lambda: team.there().keys() == set(MANY), "they are believed to be gone")


async def test_a_token_of_another_team(team: Team) -> None:
    """Nothing is done with another team's list until somebody says by an annotation that it is meant."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        assert team.status()["tenantId"] == 16

        _becomes_team(team, 17)
        await team.shows(lambda: team.condition("CredentialsValid") == ("False", "TenantChanged"), "it is noticed")
        assert team.there() == {}
        team.change(metadata={"annotations": {"salesloft-webhooks.dev/confirm-tenant": "17"}})

        await team.ready()
        assert team.status()["tenantId"] == 17


def _becomes_team(team: Team, number: int) -> None:
    """Whose subscriptions are others."""
    registered = team.platform.subscriptions
    for each in registered:
        registered.delete(each["id"])
    registered._tenant_id = number
    team.subscribe("call_created", "theirs", url="https://theirs.example.com/")


async def test_a_secret_that_is_changed_twice_quickly(team: Team) -> None:
    """The first of three keys wins, and what both older ones have signed goes."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        await team.accept(THIRD_KEY, NEXT_KEY, KEY)

        team.keys(NEXT_KEY, KEY)
        await team.shows(lambda: bool(team.signed_with(NEXT_KEY)), "the second one is used")
        team.keys(THIRD_KEY, NEXT_KEY, KEY)

        await team.shows(lambda: team.condition("KeysSpread") == ("True", "OldKeyUnused"), "the older are unused", 20)
        assert team.signed_with(THIRD_KEY) == set(EVENTS)
        assert {event: len(ids) for event, ids in team.there().items()} == dict.fromkeys(EVENTS, 1)


async def test_a_key_that_is_removed_too_early(team: Team) -> None:
    """What it has signed is foreign from then on and is named; everything is created at once under the other key."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        old = sorted(identity for ids in team.there().values() for identity in ids)
        await team.accept(NEXT_KEY)

        team.keys(NEXT_KEY)

        await team.shows(lambda: team.signed_with(NEXT_KEY) == set(EVENTS), "created at once", 3)
        await team.shows(lambda: team.condition("Conflicting") == ("True", "ForeignSubscriptions"), "reported")
        assert team.status()["foreign"] == old
        assert team.signed_with(KEY) == set(EVENTS)


async def test_an_api_server_that_is_away(own_kubernetes: ApiServer, valkey: Server) -> None:
    """Nothing is changed at SalesLoft on an old list; when it is back, what is missing is mended."""
    namespace = own_kubernetes.namespace("is-away")
    async with SimulatedPlatform(Behaviour(per_minute=100_000)) as platform:
        team = Team(own_kubernetes, namespace, platform, valkey)
        await team.given()
        async with team.operator():
            team.declare()
            await team.ready()

            own_kubernetes.kill()
            try:
                platform.subscriptions.delete(team.there()["call_created"][0])
                asked = platform.rate_limit.spent
                await asyncio.sleep(2.0)
                meanwhile = team.there()
                assert platform.rate_limit.spent <= asked + 1
            finally:
                await asyncio.to_thread(own_kubernetes.serve)
            await eventually(lambda: bool(served(own_kubernetes)), "our kinds are served", 30)

            await team.shows(lambda: team.there().keys() == set(EVENTS), "it is mended", 30)
            assert meanwhile.keys() == {"person_updated"}


async def test_salesloft_that_fails_for_long(team: Team) -> None:
    """5xx, half an answer, a page for people: nothing is changed, and all is well when it answers again."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        before = team.there()

        for fault in (Fault.ERROR, Fault.HALF, Fault.HTML, Fault.RESET):
            team.platform.faults.order(fault, path=LIST, times=3)
        await eventually(lambda: team.platform.faults.left == 0, "all faults are over", 30)

        await team.ready()
        assert team.there() == before


async def test_a_rate_limit_that_is_spent(team: Team) -> None:
    """Long waits hold up nobody: the object says why, and what was to be done is done after it."""
    async with SimulatedPlatform(Behaviour(per_minute=100_000, minute_seconds=2.0)) as team.platform:
        await team.given()
        team.platform.faults.order(Fault.SPENT, path=LIST, wait_seconds=30)
        async with team.operator():
            team.declare()
            await team.shows(lambda: team.condition("Ready") == ("Unknown", "RateLimited"), "it says so", 3)

            await eventually(lambda: team.platform.rate_limit.left > 1, "SalesLoft answers again")
            with team.valkey.client() as client:
                client.flushall()  # the minute in which it was spent is over
            await team.accept(KEY)
            team.change(metadata={"annotations": {"look": "again"}})

            await team.ready()


async def test_a_private_app_logs_in_by_itself(team: Team) -> None:
    """Client credentials give an access token; a changed client secret is used at once."""
    await team.given()
    team.platform.access.register("an-app", "its-secret")
    team.secret("salesloft-app", client_secret="a-wrong-one")
    oauth = {
        "clientId": "an-app",
        "clientSecretRef": {"name": "salesloft-app"},
        "tokenUrl": team.platform.token_url,
    }
    team.platform.access.revoke(TOKEN)
    async with team.operator():
        team.declare(api={"baseUrl": team.platform.url, "oauth": oauth})
        await team.shows(lambda: team.condition("CredentialsValid") == ("False", "CredentialsRefused"), "refused")

        team.secret("salesloft-app", client_secret="its-secret")

        await team.ready()
