"""Several objects that send to one address: none takes from SalesLoft what another one declares."""

import asyncio

import pytest
from msgspec.structs import replace

from salesloft_webhooks.operator.objects import Metadata, SubscriptionObject
from salesloft_webhooks.operator.shared_addresses import left_to_others, others_alone
from salesloft_webhooks.operator.specification import read_specification
from salesloft_webhooks.subscriptions import Route
from tests.operator.team import EVENTS, URL, Team

pytestmark = pytest.mark.usefixtures("short_times")


async def test_each_looks_after_its_own_events(team: Team) -> None:
    """Nothing of the other's is deleted, created again or shown as one's own, however often both are looked at."""
    await team.given()
    async with team.operator(operator_resync_seconds=0.1):
        team.declare()
        await team.ready()
        team.declare("second", events=["note_created", EVENTS[0]])
        await team.shows(lambda: team.condition("Ready", "second")[0] == "True", "the second is ready")
        before, asked = team.there(), team.platform.rate_limit.spent

        await team.shows(lambda: team.platform.rate_limit.spent > asked + 10, "both are looked at again and again")

        assert team.there() == before
        assert before.keys() == {*EVENTS, "note_created"}
        assert {each["event"] for each in team.status()["subscriptions"]} == set(EVENTS)
        team.change(spec={"events": [EVENTS[1]]})
        await team.shows(lambda: team.status().get("summary") == "1/1", "the first wants one less")
        await asyncio.sleep(0.5)
        assert team.there() == before


async def test_an_object_that_gets_another_name_interrupts_nothing(team: Team) -> None:
    """The same under a second name, then the first is deleted: what both declare stays as it is, the rest goes."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        before = team.there()
        team.declare("renamed", events=[EVENTS[0]])
        await team.shows(lambda: team.condition("Ready", "renamed")[0] == "True", "the second is ready")

        team.delete()

        await team.shows(lambda: team.found() is None, "the first is gone")
        assert team.there() == {EVENTS[0]: before[EVENTS[0]]}
        team.delete("renamed")
        await team.shows(lambda: team.found("renamed") is None, "the second is gone, too")
        assert team.there() == {}


def test_another_team_looks_after_nothing_here() -> None:
    """What an object of another team declares is not left to it, and what one of an unknown team declares is kept."""
    login = {"baseUrl": "https://api.salesloft.com/v2", "tokenSecretRef": {"name": "login", "key": "token"}}
    other_login = {**login, "tokenSecretRef": {"name": "another", "key": "token"}}
    spec = {
        "callbackUrl": URL,
        "events": list(EVENTS),
        "api": login,
        "keys": {"secretRef": {"name": "keys", "key": "callback-secret"}},
    }
    first = SubscriptionObject(metadata=Metadata(name="first", uid="1"), spec=spec, status={"tenantId": 16})
    more = {**spec, "api": other_login, "events": ["note_created", *EVENTS]}
    other = SubscriptionObject(metadata=Metadata(name="other", uid="2"), spec=more)
    wanted, theirs = read_specification(spec), replace(other, status={"tenantId": 17})
    same, note = replace(other, status={"tenantId": 16}), Route("note_created", URL)

    alone = [others_alone(first, wanted, [first, each]) for each in (other, same, theirs)]
    left = [left_to_others(first, wanted, [first, each]) for each in (other, same, theirs)]

    assert alone == [{note}, {note}, frozenset()]
    assert left == [frozenset(), {note, *wanted.declaration.desired.routes}, frozenset()]
