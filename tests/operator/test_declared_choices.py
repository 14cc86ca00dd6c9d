"""What an object may declare beside events and keys, carried out at SalesLoft."""

import pytest

from salesloft_webhooks.simulator.sales_team import LINK_SWAP
from tests.operator.team import EVENTS, KEY, URL, Team

pytestmark = pytest.mark.usefixtures("short_times")
SWAP_URL = f"{URL}/link-swap"


async def test_what_is_in_the_way_is_replaced_if_it_is_declared_so(team: Team) -> None:
    """Once ours are there, what others have at our address goes; what goes elsewhere stays."""
    await team.given()
    team.subscribe("call_created", "somebody's")
    elsewhere = team.subscribe("call_created", "somebody's", url="https://elsewhere.example.com/")
    async with team.operator():
        team.declare(existing="Replace")

        await team.ready()
        await team.shows(lambda: team.condition("Conflicting") == ("False", "NothingForeign"), "nothing is in the way")

        assert {event: len(ids) for event, ids in team.there().items()} == dict.fromkeys(EVENTS, 1)
        assert team.signed_with(KEY) == set(EVENTS)
        assert elsewhere in [each["id"] for each in team.platform.subscriptions]


async def test_mails_are_asked_about_while_it_is_declared(team: Team) -> None:
    """`linkSwap` has a subscription at its own address, counted with the rest; switched off it goes, events stay."""
    await team.given()
    async with team.operator():
        team.declare(linkSwap={"enabled": True})
        await team.ready()
        swapping, summary = team.there(SWAP_URL), team.status()["summary"]
        events = team.there()

        team.change(spec={"linkSwap": {"enabled": False}})

        await team.shows(lambda: team.there(SWAP_URL) == {}, "mails are no longer held up")
        await team.ready()
        assert ({event: len(ids) for event, ids in swapping.items()}, summary) == ({LINK_SWAP: 1}, "3/3")
        assert team.there() == events
