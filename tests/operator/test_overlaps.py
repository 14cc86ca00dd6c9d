"""Two objects that declare the same address: they do not fight, and one takes over from the other without a gap."""

import pytest

from tests.operator.team import EVENTS, Team

pytestmark = pytest.mark.usefixtures("short_times")


async def test_the_later_one_waits(team: Team) -> None:
    """It says which one is in its way, and nothing of the first one's is deleted."""
    await team.given()
    async with team.operator(operator_resync_seconds=0.2):
        team.declare()
        await team.ready()
        before = team.there()

        team.declare("second", events=["note_created"])

        await team.shows(lambda: team.condition("Ready", "second") == ("False", "AddressTaken"), "it waits")
        spent = team.platform.rate_limit.spent
        await team.shows(lambda: team.platform.rate_limit.spent > spent + 4, "both are looked at again and again")
        assert team.there() == before


async def test_another_name_costs_no_subscription(team: Team) -> None:
    """When the first one is deleted, what is there at SalesLoft stays, and the later one takes it over."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        before = team.there()
        team.declare("renamed")
        await team.shows(lambda: team.condition("Ready", "renamed") == ("False", "AddressTaken"), "it waits")

        team.delete()

        await team.shows(lambda: team.found() is None, "the first one is gone")
        await team.shows(lambda: team.condition("Ready", "renamed") == ("True", "AsDeclared"), "the other has it")
        assert team.there() == before


async def test_a_later_one_goes_without_a_trace(team: Team) -> None:
    """When the one that waits is deleted, the first one's subscriptions stay."""
    await team.given()
    async with team.operator():
        team.declare()
        await team.ready()
        before = team.there()
        team.declare("second", events=["note_created"])
        await team.shows(lambda: team.condition("Ready", "second") == ("False", "AddressTaken"), "it waits")

        team.delete("second")

        await team.shows(lambda: team.found("second") is None, "it is gone")
        assert team.there() == before


async def test_two_addresses_do_not_meet(team: Team) -> None:
    """Objects of two addresses are carried out side by side, and each leaves the other's alone."""
    await team.given()
    other = "https://other.example.com/webhooks/salesloft"
    async with team.operator(operator_resync_seconds=0.2):
        team.declare()
        team.declare("second", callbackUrl=other)
        await team.ready()
        await team.shows(lambda: team.condition("Ready", "second") == ("True", "AsDeclared"), "both are there")

        team.delete("second")

        await team.shows(lambda: team.found("second") is None, "one is gone")
        assert team.there(other) == {}
        assert team.there().keys() == set(EVENTS)
