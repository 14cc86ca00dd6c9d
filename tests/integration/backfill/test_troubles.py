"""What goes wrong at SalesLoft or on the way: a state says what it is, nothing is lost, nothing done twice."""

import pytest

from salesloft_webhooks.simulator.platform import Fault
from tests.integration.backfill.world import API_TOKEN, World, states

API = "/v2"


async def test_a_revoked_token(world: World) -> None:
    """Cursors stand still until there is a valid one; then all is fetched."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        world.platform.access.revoke(API_TOKEN)

        await role.round()

        assert states() == {"unauthorized"}
        assert role.not_ready()
        world.platform.access.allow(API_TOKEN)
        await role.round()
        assert states() == {"following"}
        assert role.not_ready() is None
    await world.all_is_well()


async def test_a_scope_that_is_too_small(world: World) -> None:
    """One list is closed to the token: the others are read, and say so."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        world.platform.access.allow(API_TOKEN, forbidden=("/v2/people",))

        await role.round()

        assert states() == {"forbidden"}
        assert states("emails") == {"following"}
        world.platform.access.allow(API_TOKEN)
        await role.round()
    await world.all_is_well()


async def test_subscriptions_that_may_not_be_read(world: World) -> None:
    """Then all events of a list are published: to publish too much is better than to pass over what is missed."""
    world.platform.access.allow(API_TOKEN, forbidden=("/v2/webhook_subscriptions",))
    async with world.role() as role:
        await role.round()
        await world.outage(40)

        await role.round()

    await world.all_handled(world.expected_ids())


async def test_a_rate_limit_that_is_used_up(world: World) -> None:
    """By others: it waits, as long as the minute lasts, and goes on."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        world.platform.faults.order(Fault.SPENT, path=f"{API}/activities/emails")

        await role.round()

        assert states("emails") == {"failing"}
        world.minute_is_over()
        world.clock.pass_by(minutes=1)
        await role.round()
        assert states("emails") == {"following"}
    await world.all_is_well()


async def test_an_hour_of_errors(world: World) -> None:
    """Each round is tried and given up; the first that succeeds fetches all."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        for _ in range(4):
            world.platform.faults.order(Fault.ERROR, path=f"{API}/people", times=3)
            await role.round()
            assert states() == {"failing"}
            await world.traffic(5)
            world.clock.pass_by(minutes=15)

        await role.round()

    await world.all_is_well()


@pytest.mark.parametrize(
    "fault", [Fault.HALF, Fault.HTML, Fault.EMPTY, Fault.WRONG_DATE, Fault.RESET, Fault.ERROR_AFTER]
)
async def test_a_wrong_page(world: World, fault: Fault) -> None:
    """Half of one, another's, an empty one, one of another hour, none at all: no cursor is moved by it."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        for path in ("people", "activities/emails", "activities/calls"):
            world.platform.faults.order(fault, path=f"{API}/{path}", times=2)

        for _ in range(4):
            await role.round()
            world.clock.pass_by(minutes=3)

    await world.all_is_well()
