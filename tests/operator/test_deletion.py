"""The end of a declaration: what becomes of ours at SalesLoft, and that nothing hangs."""

import pytest

from salesloft_webhooks.operator.api_group import FINALIZER, Kind
from salesloft_webhooks.simulator.platform import Fault
from tests.operator.definitions import path
from tests.operator.team import EVENTS, KEY, NEXT_KEY, TOKEN, Team

pytestmark = pytest.mark.usefixtures("short_times")


async def test_ours_go_with_the_declaration_and_others_stay(team: Team) -> None:
    """All of ours are deleted before the object goes; what is not ours, at our address or elsewhere, stays."""
    await team.given()
    foreign = team.subscribe("call_created", "somebody's")
    team.subscribe("call_created", "somebody's", url="https://elsewhere.example.com/")
    async with team.operator():
        team.declare()
        await team.ready()
        assert team.found()["metadata"]["finalizers"] == [FINALIZER]

        team.delete()

        await team.shows(lambda: team.found() is None, "it is gone")
        assert team.there() == {"call_created": [foreign]}
        assert len(list(team.platform.subscriptions)) == 2


async def test_ours_stay_if_it_is_declared_so(team: Team) -> None:
    """With `Retain` the object goes at once, and nothing is asked of SalesLoft."""
    await team.given()
    async with team.operator():
        team.declare(deletionPolicy="Retain")
        await team.ready()
        team.platform.faults.order(Fault.ERROR, during_seconds=60)

        team.delete()

        await team.shows(lambda: team.found() is None, "it is gone")
        assert team.signed_with(KEY) == set(EVENTS)


async def test_a_list_that_is_empty_by_mistake_leaves_nothing_behind(team: Team) -> None:
    """One list without ours is no proof: a second one is asked for before the object goes."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()

        team.platform.faults.order(Fault.EMPTY, method="GET")
        team.delete()

        await team.shows(lambda: team.found() is None, "it is gone")
        assert team.there() == {}


async def test_secrets_that_go_first_are_remembered(team: Team) -> None:
    """A namespace that is deleted takes the Secrets first: what this process has read of them last is used."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        for name in ("salesloft-api", "salesloft-keys"):
            team.kubernetes.request("DELETE", path(team.namespace, Kind.SECRET, name))

        team.delete()

        await team.shows(lambda: team.found() is None, "it is gone")
        assert team.there() == {}


async def test_nothing_hangs_on_refused_credentials(team: Team) -> None:
    """After the time that a deletion may take the object goes, and an event names the ids that are left."""
    await team.given()
    async with team.operator(operator_deletion_seconds=2.0):
        team.declare()
        await team.ready()
        left = sorted(identity for ids in team.there().values() for identity in ids)
        team.platform.access.revoke(TOKEN)

        team.delete()

        await team.shows(lambda: "Orphaned" in team.reasons(), "an event tells of it")
        await team.shows(lambda: team.found() is None, "it is gone")
        where = f"apis/events.k8s.io/v1/namespaces/{team.namespace}/events"
        (note,) = [
            each["note"] for each in team.kubernetes.request("GET", where)["items"] if each["reason"] == "Orphaned"
        ]
        assert f"delete them there: {', '.join(map(str, left))} (" in note
        assert sorted(identity for ids in team.there().values() for identity in ids) == left


async def test_a_deletion_waits_for_salesloft(team: Team) -> None:
    """While SalesLoft fails and there is time, the object stays; when it answers, ours go and so does the object."""
    await team.given()
    async with team.operator(operator_deletion_seconds=8.0):
        team.declare()
        await team.ready()
        team.platform.faults.order(Fault.ERROR, during_seconds=60)

        team.delete()

        await team.shows(lambda: bool(team.found()["metadata"].get("deletionTimestamp")), "it is deleted")
        assert team.signed_with(KEY) == set(EVENTS)
        team.platform.faults.clear()
        await team.shows(lambda: team.found() is None, "it is gone")
        assert team.there() == {}


async def test_a_broken_declaration_goes_in_the_end(team: Team) -> None:
    """An object whose Secrets were never there is deleted as well, when its time is over."""
    async with team.operator(operator_deletion_seconds=1.0):
        team.declare()
        await team.shows(lambda: team.condition("Ready") == ("False", "SecretMissing"), "it is looked at")

        team.delete()

        await team.shows(lambda: team.found() is None, "it is gone")


@pytest.mark.parametrize("why", ["hidden-tokens", "other-keys", "another-team"])
async def test_what_cannot_be_told_to_be_ours_is_not_taken_to_be_gone(team: Team, why: str) -> None:
    """It is left at SalesLoft, and said to be: tokens are hidden, or other keys or another login came meanwhile."""
    await team.given()
    async with team.operator(operator_deletion_seconds=1.0):
        team.declare()
        await team.ready()
    left = sorted(identity for ids in team.there().values() for identity in ids)
    if why == "other-keys":
        team.keys(NEXT_KEY)
    for each in team.platform.subscriptions:
        if why == "hidden-tokens":
            each["callback_token"] = ""
        if why == "another-team":
            each["tenant_id"], each["callback_url"] = 17, "https://theirs.example.com/"

    team.delete()
    async with team.operator(operator_deletion_seconds=1.0):
        await team.shows(lambda: team.found() is None, "it is gone")

    assert "Orphaned" in team.reasons()
    assert sorted(each["id"] for each in team.platform.subscriptions) == left
