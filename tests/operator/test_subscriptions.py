"""From a declaration to subscriptions at SalesLoft, and what the object shows meanwhile."""

import asyncio

import pytest

from salesloft_webhooks.simulator.platform import Behaviour, Fault, SimulatedPlatform
from salesloft_webhooks.subscriptions import MasterKey, reconciliation
from tests.operator.team import EVENTS, KEY, NEXT_KEY, TOKEN, URL, Team

pytestmark = pytest.mark.usefixtures("short_times")


async def test_what_is_declared_is_subscribed_to(team: Team) -> None:
    """Each event type gets one subscription, signed with the first key, and the object says so."""
    await team.given()
    async with team.operator():
        team.declare()

        await team.ready()

        status = team.status()
        assert {event: len(ids) for event, ids in team.there().items()} == dict.fromkeys(EVENTS, 1)
        assert team.signed_with(KEY) == set(EVENTS)
        assert (status["summary"], status["rotationPhase"], status["observedGeneration"]) == ("2/2", "Idle", 1)
        assert {each["event"]: each["key"] for each in status["subscriptions"]} == dict.fromkeys(
            EVENTS, MasterKey(KEY.encode()).fingerprint
        )
        assert team.condition("CredentialsValid") == ("True", "Accepted")
        assert team.condition("Conflicting") == ("False", "NothingForeign")
        assert "Created" in team.reasons()


async def test_what_somebody_changes_at_salesloft_is_mended(team: Team) -> None:
    """One that is deleted by hand is created, one that is switched off is switched on, one too many is deleted."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        (call,), (person,) = team.there()["call_created"], team.there()["person_updated"]

        team.platform.subscriptions.delete(call)
        team.platform.subscriptions.update(person, {"enabled": "false"})
        team.subscribe("note_created", MasterKey(KEY.encode()).token("note_created"))

        await team.shows(lambda: team.there().keys() == set(EVENTS) and team.signed_with(KEY) == set(EVENTS), "mended")
        await team.shows(lambda: {"Created", "Deleted", "ReEnabled"} <= set(team.reasons()), "events tell of it")


async def test_what_is_not_ours_is_reported_and_left_alone(team: Team) -> None:
    """A subscription of our address with another token stays; the condition and an event name it."""
    await team.given()
    foreign = team.subscribe("call_created", "somebody's")
    elsewhere = team.subscribe("call_created", "somebody's", url="https://elsewhere.example.com/")
    async with team.operator():
        team.declare()

        await team.ready()
        await team.shows(lambda: "Conflicting" in team.reasons(), "an event tells of it")

        assert team.condition("Conflicting") == ("True", "ForeignSubscriptions")
        assert str(foreign) in team.message("Conflicting")
        assert str(elsewhere) not in team.message("Conflicting")
        assert team.status()["foreign"] == [foreign]
        assert foreign in team.there()["call_created"]


async def test_another_declaration_is_followed(team: Team) -> None:
    """Events that are added are subscribed to, and those that are taken away are not any more."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()

        team.change(spec={"events": ["person_updated", "note_created"]})

        await team.shows(lambda: team.there().keys() == {"person_updated", "note_created"}, "the others are there")
        await team.shows(lambda: team.status()["observedGeneration"] == 2, "the status is of the new declaration")
        await team.ready()


async def test_a_suspended_one_is_left_as_it_is(team: Team) -> None:
    """Nothing is changed at SalesLoft, whatever is missing there, and the object says why."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        team.change(spec={"suspend": True})
        await team.ready("Suspended")

        team.platform.subscriptions.delete(team.there()["call_created"][0])

        await team.shows(lambda: team.condition("Ready") == ("False", "Suspended"), "it says what is missing")
        assert team.there().keys() == {"person_updated"}


async def test_what_a_status_says_is_remembered_by_the_next_leader(team: Team) -> None:
    """Since when a key is the first one, and when an entry was first seen, is what it was under the leader before."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
    before = team.status()
    await asyncio.sleep(1.1)

    async with team.operator():
        team.change(metadata={"annotations": {"look": "again"}})
        await team.shows(lambda: team.status()["lastSyncTime"] != before["lastSyncTime"], "it is looked at")

    after = team.status()
    for name in ("keySeenAt", "completeSince", "established", "subscriptions", "tenantId"):
        assert after[name] == before[name]


async def test_no_secret_no_change(team: Team) -> None:
    """Without the token, or without keys, nothing is asked or changed; with the Secret there it goes on at once."""
    team.platform.access.allow(TOKEN)
    await team.accept(KEY)
    async with team.operator():
        team.declare()
        await team.shows(lambda: team.condition("CredentialsValid") == ("False", "SecretMissing"), "no login")
        team.login()
        await team.shows(lambda: team.condition("KeysSpread") == ("False", "SecretMissing"), "no keys")
        assert team.condition("Ready") == ("False", "SecretMissing")
        assert team.there() == {}

        team.keys(KEY)

        await team.ready()


async def test_a_refused_token_is_said_and_its_successor_is_used_at_once(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """401 ends as a condition and an event; a changed Secret is tried without waiting for the back-off."""
    monkeypatch.setattr(reconciliation, "FIRST_BACKOFF_SECONDS", 60.0)
    await team.given()
    team.login("a-revoked-token")
    async with team.operator():
        team.declare()
        await team.shows(lambda: team.condition("CredentialsValid") == ("False", "CredentialsRefused"), "refused")
        assert team.condition("Ready") == ("False", "CredentialsRefused")
        assert "CredentialsRefused" in team.reasons()

        team.login()

        await team.ready()


async def test_nothing_secret_is_shown(team: Team) -> None:
    """Neither the object nor an event has a key, a token that is derived from it, or the login."""
    await team.given()
    foreign = "somebody-elses-callback-token"
    team.subscribe("call_created", foreign)
    async with team.operator():
        team.declare()
        await team.ready()
        team.login("a-revoked-token")
        await team.shows(lambda: "CredentialsRefused" in team.reasons(), "refused")

    where = f"apis/events.k8s.io/v1/namespaces/{team.namespace}/events"
    shown = str(team.found()) + str(team.kubernetes.request("GET", where))
    derived = [MasterKey(KEY.encode()).token(event) for event in EVENTS]
    assert [secret for secret in (KEY, TOKEN, "a-revoked-token", foreign, *derived) if secret in shown] == []


async def test_what_salesloft_refuses_is_not_asked_again(team: Team) -> None:
    """422 is shown in SalesLoft's words, and not tried again before somebody changes something; others are mended."""
    async with SimulatedPlatform(Behaviour(per_minute=100_000, one_of_a_kind=True)) as team.platform:
        await team.given()
        foreign = team.subscribe("call_created", "somebody's")
        async with team.operator(operator_resync_seconds=0.2):
            team.declare()
            await team.shows(lambda: team.condition("Ready") == ("False", "Refused"), "it is refused")
            assert "has already been taken" in team.message("Ready")
            assert "Refused" in team.reasons()
            team.platform.subscriptions.delete(foreign)
            team.platform.subscriptions.delete(team.there()["person_updated"][0])
            await team.shows(lambda: team.there().keys() == {"person_updated"}, "the other one is mended")

            team.change(metadata={"annotations": {"look": "again"}})

            await team.ready()


async def test_credentials_are_sent_to_no_other_address(team: Team) -> None:
    """Whoever declares an address of their own does not get what is in the Secret."""
    await team.given()
    async with team.operator(operator_api_urls=("https://api.salesloft.com/v2",)):
        team.declare()

        await team.shows(lambda: team.condition("CredentialsValid") == ("False", "ApiNotAllowed"), "it is refused")

        assert team.platform.rate_limit.spent == 0


async def test_salesloft_that_fails_takes_no_readiness_away(team: Team) -> None:
    """What was delivered is delivered still: Ready stays True, with why nobody knows as its reason."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()

        team.platform.faults.order(Fault.ERROR, during_seconds=600)
        await team.shows(lambda: team.condition("Ready") == ("True", "Unavailable"), "it says so")
        team.platform.faults.clear()

        await team.ready()


async def test_one_key_is_changed_for_another(team: Team) -> None:
    """New subscriptions come first, old ones go when SalesLoft's repeats are over, the old key may go in the end."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        team.keys(NEXT_KEY, KEY)
        await team.shows(lambda: team.condition("KeysSpread") == ("False", "KeyNotSpread"), "the key spreads")
        assert team.signed_with(NEXT_KEY) == set()
        assert team.condition("Ready")[0] == "True"

        await team.accept(NEXT_KEY, KEY)

        await team.shows(lambda: team.condition("KeysSpread") == ("True", "OldKeyUnused"), "the old one is unused", 20)
        assert team.signed_with(NEXT_KEY) == set(EVENTS)
        assert team.signed_with(KEY) == set()
        assert team.status()["rotationPhase"] == "Retiring"
        team.keys(NEXT_KEY)
        await team.shows(lambda: team.status()["rotationPhase"] == "Idle", "it is over")
        assert URL in str(team.found())
