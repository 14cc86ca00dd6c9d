"""Several objects with one Secret of keys that the operator makes: no delivery of one is refused for another's sake."""

import asyncio
from typing import Any

import pytest

from salesloft_webhooks.operator import key_rotation
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.managed_keys import ROTATE
from salesloft_webhooks.subscriptions import MasterKey
from tests.operator.definitions import path
from tests.operator.team import EVENTS, KEY, NEXT_KEY, TOKEN, URL, Team
from tests.operator.test_managed_rotation import MANAGED, has_keys, keys
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("short_times")
NEXT_URL = "https://next.example.com/webhooks/salesloft"


@pytest.fixture
def team(team: Team) -> Team:
    """One with a login."""
    team.platform.access.allow(TOKEN)
    team.login()
    return team


def signed(team: Team, key: str, url: str) -> set[str]:
    """Events of an address that a key signs."""
    return {
        each["event_type"]
        for each in team.platform.subscriptions
        if each["callback_url"] == url and each["callback_token"] == MasterKey(key.encode()).token(each["event_type"])
    }


def owners(team: Team) -> list[str]:
    """Uids of what the Secret goes with."""
    secret: Any = team.kubernetes.objects("Secret", team.namespace)["salesloft-keys"]
    return [each["uid"] for each in secret["metadata"].get("ownerReferences", ())]


def collect(team: Team) -> None:
    """As the collector of a whole Kubernetes: the Secret goes with the last of its owners."""
    there = team.kubernetes.request("GET", path(team.namespace, Kind.SUBSCRIPTION))["items"]
    if (uids := owners(team)) and not set(uids) & {each["metadata"]["uid"] for each in there}:
        team.kubernetes.request("DELETE", path(team.namespace, Kind.SECRET, "salesloft-keys"))


async def both(team: Team, **first: Any) -> str:
    """Two addresses with one Secret, both as declared; the key."""
    team.declare(keys=MANAGED, **first)
    (key,) = await has_keys(team, 1)
    await team.ready()
    team.declare("next", callbackUrl=NEXT_URL, keys=MANAGED)
    await team.shows(lambda: team.condition("Ready", "next") == ("True", "AsDeclared"), "the next is there")
    return key


@pytest.mark.parametrize("policy", ["Delete", "Retain"], ids=str.lower)
async def test_another_address_keeps_the_keys(team: Team, policy: str) -> None:
    """As the page says how one moves: the first object goes, and what the second one has registered stays accepted."""
    async with team.operator():
        key = await both(team)
        before = team.there(NEXT_URL)
        team.change(spec={"deletionPolicy": policy})
        team.delete()
        await team.shows(lambda: team.found() is None, "the first is gone", 30)

        collect(team)
        team.change("next", metadata={"annotations": {"look": "again"}})
        await eventually(lambda: team.condition("KeysManaged", "next") == ("True", "KeysKept"), "it changes them now")

        assert (keys(team), team.there(NEXT_URL)) == ([key], before)
        assert owners(team) == [team.found("next")["metadata"]["uid"]]
        assert "KeysHandedOver" in team.reasons()
        assert bool(team.there(URL)) is (policy == "Retain")


async def test_another_name_goes_on_changing_keys(team: Team) -> None:
    """An object that takes over what another one of its address had can rotate, too."""
    async with team.operator():
        team.declare(keys=MANAGED)
        (old,) = await has_keys(team, 1)
        await team.ready()
        team.declare("renamed", keys=MANAGED)
        team.delete()
        await team.shows(lambda: team.found() is None, "the first is gone", 30)
        collect(team)
        await team.shows(lambda: team.condition("Ready", "renamed") == ("True", "AsDeclared"), "the other has it")

        team.change("renamed", metadata={"annotations": {ROTATE: "now"}})

        assert (await has_keys(team, 2))[1] == old


async def test_who_only_reads_the_keys_keeps_them_as_well(team: Team) -> None:
    """Then nobody changes them any more, and they go with nobody."""
    async with team.operator():
        team.declare(keys=MANAGED)
        (key,) = await has_keys(team, 1)
        await team.ready()
        team.declare("next", callbackUrl=NEXT_URL, keys={**MANAGED, "mode": "Observe"})
        await team.shows(lambda: team.condition("Ready", "next") == ("True", "AsDeclared"), "the next is there")

        team.delete()
        await team.shows(lambda: team.found() is None, "the first is gone", 30)

        assert (owners(team), keys(team)) == ([], [key])


async def test_who_made_the_keys_and_only_reads_them_now_does_not_take_them_along(team: Team) -> None:
    """An object that was turned from `Manage` to `Observe` owns the Secret still, and hands it over when it goes."""
    async with team.operator():
        key = await both(team)
        team.change(spec={"keys": {"mode": "Observe"}})
        await team.shows(lambda: team.condition("KeysManaged") == ("False", "Observed"), "it only reads them")

        team.delete()
        await team.shows(lambda: team.found() is None, "it is gone", 30)
        collect(team)

        assert (owners(team), keys(team)) == ([team.found("next")["metadata"]["uid"]], [key])


async def test_of_two_that_go_the_last_one_takes_the_keys_along(team: Team) -> None:
    """While one that is being deleted still has something at SalesLoft, the other one's end does not take its key."""
    team.secret("first-api", token=TOKEN)
    api = {"baseUrl": team.platform.url, "tokenSecretRef": {"name": "first-api"}}
    async with team.operator():
        key = await both(team, api=api)
        team.secret("first-api", token="no-token-of-salesloft")
        team.delete()
        await team.shows(lambda: owners(team) == [team.found("next")["metadata"]["uid"]], "the other one has them", 30)

        team.delete("next")
        await team.shows(lambda: team.found("next") is None, "the other one is gone first", 30)
        collect(team)
        meanwhile = keys(team), signed(team, key, URL)
        team.secret("first-api", token=TOKEN)
        await team.shows(lambda: team.found() is None, "it is gone, too", 30)
        gone_with = owners(team)
        collect(team)

        assert meanwhile == ([key], set(EVENTS))
        assert (bool(gone_with), keys(team), team.there(URL), team.there(NEXT_URL)) == (True, [], {}, {})


async def test_what_an_object_has_left_there_keeps_its_key(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotation does not take away what signs subscriptions that no object declares any more; the message has ids."""
    monkeypatch.setattr(key_rotation, "KEEP_SECONDS", 1.0)
    async with team.operator():
        old = await both(team)
        team.change(spec={"deletionPolicy": "Retain"})
        team.delete()
        await team.shows(lambda: team.found() is None, "the first is gone", 30)
        left = sorted(identity for ids in team.there(URL).values() for identity in ids)

        team.change("next", metadata={"annotations": {ROTATE: "now"}})
        new, _ = await has_keys(team, 2)
        named = f"other addresses ({', '.join(map(str, left))})"
        await team.shows(lambda: named in team.message("KeysManaged", "next"), "it says what stands in the way", 20)
        await asyncio.sleep(2.5)  # more than the time for which it would be kept, and several looks
        waiting = keys(team)
        for identity in left:
            team.platform.subscriptions.delete(identity)
        await eventually(lambda: keys(team) == [new], "the old key is gone", 20)

        assert (waiting, len(left)) == ([new, old], len(EVENTS))


async def test_a_rotation_waits_for_everybody(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an older key signs what another object has at SalesLoft it is accepted; the condition names that one."""
    monkeypatch.setattr(key_rotation, "KEEP_SECONDS", 1.0)
    async with team.operator():
        old = await both(team)
        team.change("next", spec={"suspend": True})
        await team.shows(lambda: team.condition("Ready", "next") == ("True", "Suspended"), "it is left alone")

        team.change(metadata={"annotations": {ROTATE: "now"}})
        new, _ = await has_keys(team, 2)
        await team.shows(lambda: team.status()["rotationPhase"] == "Retiring", "the first is done", 20)
        await team.shows(lambda: "also that of next" in team.message("KeysManaged"), "it waits, and says for whom")
        await asyncio.sleep(2.5)  # more than the time for which it would be kept, and several looks
        waiting = keys(team), signed(team, old, NEXT_URL)
        team.change("next", spec={"suspend": False})
        await eventually(lambda: keys(team) == [new], "the old key is gone", 20)

        assert waiting == ([new, old], set(EVENTS))
        assert signed(team, new, NEXT_URL) == signed(team, new, URL) == set(EVENTS)
        assert not signed(team, old, NEXT_URL)


async def test_nobody_is_told_that_a_needed_key_may_go(team: Team) -> None:
    """Where somebody else writes the keys: while another object needs the older one, the condition says so."""
    await team.given()
    async with team.operator():
        team.declare()
        team.declare("next", callbackUrl=NEXT_URL)
        await team.ready()
        await team.shows(lambda: team.condition("Ready", "next") == ("True", "AsDeclared"), "the next is there")
        team.change("next", spec={"suspend": True})
        await team.shows(lambda: team.condition("Ready", "next") == ("True", "Suspended"), "it is left alone")

        await team.accept(NEXT_KEY, KEY)
        team.keys(NEXT_KEY, KEY)
        await team.shows(lambda: team.condition("KeysSpread") == ("True", "OldKeyNeeded"), "it is said", 20)
        named = team.message("KeysSpread")
        team.change("next", spec={"suspend": False})

        for name in ("sales", "next"):
            await eventually(lambda: team.condition("KeysSpread", name) == ("True", "OldKeyUnused"), "it may go", 20)  # noqa: B023 - in this round
        assert named.endswith("not everything of next")
