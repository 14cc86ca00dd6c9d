"""Keys that the operator makes, from an empty cluster through a rotation to the end, beside SalesLoft and receivers."""

import base64
from typing import Any

import pytest

from salesloft_webhooks.operator import key_rotation
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.managed_keys import ROTATE
from tests.operator.definitions import path
from tests.operator.team import EVENTS, TOKEN, Team
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("short_times")
MANAGED = {"mode": "Manage", "secretRef": {"name": "salesloft-keys", "key": "callback-secret"}}


def keys(team: Team) -> list[str]:
    """What is in the Secret; nothing without one."""
    found: Any = team.kubernetes.objects("Secret", team.namespace).get("salesloft-keys")
    return [] if found is None else base64.b64decode(found["data"]["callback-secret"]).decode().split(",")


async def has_keys(team: Team, count: int) -> list[str]:
    """Wait until there are so many; receivers read them."""
    await eventually(lambda: len(keys(team)) == count, description=f"{count} keys")
    found = keys(team)
    await team.accept(*found)
    return found


async def test_a_declaration_alone_is_enough_and_a_wish_rotates(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, subscriptions, another key when it is asked for, subscriptions under it, and the old key is gone."""
    monkeypatch.setattr(key_rotation, "KEEP_SECONDS", 1.0)
    team.platform.access.allow(TOKEN)
    team.login()
    async with team.operator():
        team.declare(keys=MANAGED)
        (old,) = await has_keys(team, 1)
        await team.ready()
        before = team.signed_with(old)

        team.change(metadata={"annotations": {ROTATE: "2026-11-29"}})
        new, second = await has_keys(team, 2)
        await team.shows(lambda: team.signed_with(new) == set(EVENTS), "all is signed with the new key")
        during = team.signed_with(old)
        await eventually(lambda: keys(team) == [new], description="the old key is gone")
        await team.shows(lambda: team.condition("KeysManaged") == ("True", "KeysKept"), "there is nothing left to do")

        assert (second, before, during) == (old, set(EVENTS), set(EVENTS))
        assert team.signed_with(old) == set()
        assert {"KeyMade", "RotationBegun", "RotationEnded"} <= set(team.reasons())


async def test_a_secret_that_somebody_deletes_costs_no_subscription(team: Team) -> None:
    """The same key is back, so that what SalesLoft has stays as it is."""
    team.platform.access.allow(TOKEN)
    team.login()
    async with team.operator():
        team.declare(keys=MANAGED)
        (key,) = await has_keys(team, 1)
        await team.ready()
        there = team.there()

        team.kubernetes.request("DELETE", path(team.namespace, Kind.SECRET, "salesloft-keys"))

        await team.shows(lambda: "KeysPutBack" in team.reasons(), "it is said")
        assert keys(team) == [key]
        assert team.there() == there


async def test_a_secret_of_somebody_elses_is_used_and_said_to_be_theirs(team: Team) -> None:
    """Subscriptions are kept with its keys; the condition says that nobody rotates them."""
    await team.given()
    async with team.operator():
        team.declare(keys=MANAGED, rotation={"every": "24h"})

        await team.ready()
        await team.shows(lambda: team.condition("KeysManaged") == ("False", "SecretNotOwned"), "it says so")

        team.change(spec={"keys": {"mode": "Observe"}, "rotation": None})
        await team.shows(lambda: team.condition("KeysManaged") == ("False", "Observed"), "it is as is declared")


async def test_keys_stay_with_the_subscriptions_that_stay(team: Team) -> None:
    """An object that retains them goes, and nothing takes its Secret along."""
    team.platform.access.allow(TOKEN)
    team.login()
    async with team.operator():
        team.declare(keys=MANAGED, deletionPolicy="Retain")
        found = await has_keys(team, 1)
        await team.ready()
        team.delete()
        await eventually(lambda: team.found() is None, description="the object is gone")

    secret: Any = team.kubernetes.objects("Secret", team.namespace)["salesloft-keys"]
    assert "ownerReferences" not in secret["metadata"]
    assert team.signed_with(found[0]) == set(EVENTS)
