"""What goes wrong at SalesLoft or on the way: a state and an alert say what it is, nothing is lost, nothing done twice.

Which alerts fire is for Prometheus to say, from the rules of the chart: where what is reported stays as it is.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from salesloft_webhooks.simulator.platform import Fault
from tests.integration.backfill.reported import Reported, metric, states
from tests.integration.backfill.world import API_TOKEN, World

API = "/v2"
READ_UNTIL = "backfill_read_until_timestamp_seconds"
LISTS = ("people", "activities/emails", "activities/calls")


async def test_all_is_well(world: World, tmp_path: Path) -> None:
    """Where lists are read to their end, nobody is told of anything."""
    async with world.role() as role:
        await role.round()
        world.clock.pass_by(minutes=3)
        await role.round()

        assert states() == {"following"}
        well = Reported(
            world.clock.now - timedelta(minutes=45)
        )  # as if its rounds went on until the alerts are looked at
    well.alerts(tmp_path)


async def test_a_wrong_token(world: World, tmp_path: Path) -> None:
    """A role that is given it reads nothing, not even with cursors from before; one with the right token goes on."""
    async with world.role() as role:
        await role.round()
    await world.outage(60)
    async with world.role(salesloft_api_token="not-this-one") as role:
        await role.round()

        assert states() == {"unauthorized"}
        assert role.not_ready()
        wrong = Reported(world.clock.now)
    async with world.role() as role:
        await role.round()
        assert states() == {"following"}
    await world.all_is_well()
    wrong.alerts(tmp_path, "BackfillStopped", "BackfillBehind")


async def test_a_revoked_token(world: World, tmp_path: Path) -> None:
    """Cursors stand still until there is a valid one; then all is fetched."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        world.platform.access.revoke(API_TOKEN)

        await role.round()

        assert states() == {"unauthorized"}
        assert role.not_ready()
        revoked = Reported(world.clock.now)
        world.platform.access.allow(API_TOKEN)
        await role.round()
        assert states() == {"following"}
        assert role.not_ready() is None
    await world.all_is_well()
    revoked.alerts(tmp_path, "BackfillStopped", "BackfillBehind")


async def test_a_private_app(world: World) -> None:
    """It logs in by itself, again and again as its tokens end; its changed secret is what then stands in the way."""
    world.platform.access.register("an-app", "its-secret")
    world.platform.access.revoke(API_TOKEN)
    app = {
        "salesloft_api_token": None,
        "salesloft_client_id": "an-app",
        "salesloft_client_secret": "its-secret",
        "salesloft_token_url": world.platform.token_url,
    }
    async with world.role(**app) as role:
        await role.round()
        await world.outage(60)
        issued = world.platform.access.issued
        end_tokens(world)

        await role.round()

        assert states() == {"following"}
        assert world.platform.access.issued == issued + 1
        world.platform.access.register("an-app", "another-secret")
        end_tokens(world)
        await role.round()
        assert states() == {"unauthorized"}
        world.platform.access.register("an-app", "its-secret")
        await role.round()
        assert states() == {"following"}
    await world.all_is_well()


def end_tokens(world: World) -> None:
    """Those that apps have been given."""
    for token in list(world.platform.access._tokens):
        world.platform.access.revoke(token)


async def test_a_scope_that_is_too_small(world: World, tmp_path: Path) -> None:
    """One list is closed to the token: the others are read, and say so."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        world.platform.access.allow(API_TOKEN, forbidden=("/v2/people",))

        await role.round()

        assert states() == {"forbidden"}
        assert states("emails") == {"following"}
        forbidden = Reported(world.clock.now)
        world.platform.access.allow(API_TOKEN)
        await role.round()
    await world.all_is_well()
    forbidden.alerts(tmp_path, "BackfillStopped", "BackfillBehind")


async def test_subscriptions_that_may_not_be_read(world: World) -> None:
    """Then all events of a list are published: to publish too much is better than to pass over what is missed."""
    world.platform.access.allow(API_TOKEN, forbidden=("/v2/webhook_subscriptions",))
    async with world.role() as role:
        await role.round()
        await world.outage(40)

        await role.round()

    await world.all_handled(world.expected_ids())


async def test_a_rate_limit_that_is_used_up(world: World, tmp_path: Path) -> None:
    """By others: it waits, as long as the minute lasts, and goes on."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        world.platform.faults.order(Fault.SPENT, path=f"{API}/activities/emails")

        await role.round()

        assert states("emails") == {"failing"}
        spent = Reported(world.clock.now)
        world.minute_is_over()
        world.clock.pass_by(minutes=1)
        await role.round()
        assert states("emails") == {"following"}
    await world.all_is_well()
    spent.alerts(tmp_path, "BackfillBehind")


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.HALF, Fault.HTML])
async def test_an_hour_of(world: World, fault: Fault, tmp_path: Path) -> None:
    """Errors or torn pages: each round is tried and given up, and is behind; the first that succeeds fetches all."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        for _ in range(4):
            for path in LISTS:
                world.platform.faults.order(fault, path=f"{API}/{path}", times=3)
            await role.round()
            assert states() == {"failing"}
            await world.traffic(5)
            world.clock.pass_by(minutes=15)
        hour = Reported(world.clock.now)
        world.platform.faults.clear()

        await role.round()

        assert states() == {"following"}
    await world.all_is_well()
    hour.alerts(tmp_path, "BackfillBehind")


async def test_a_new_process_while_salesloft_fails(world: World, tmp_path: Path) -> None:
    """It has not read anything yet, and is behind all the same, by the cursor that stands in the store."""
    async with world.role() as role:
        await role.round()
    await world.outage(60)
    world.clock.pass_by(hours=1)
    async with world.role() as role:
        world.platform.faults.order(Fault.ERROR, path=API, times=3)
        await role.round()
        assert states() == {"failing"}
        failing = Reported(world.clock.now)

        await role.round()

    await world.all_is_well()
    failing.alerts(tmp_path, "BackfillBehind")


async def test_a_first_start_while_salesloft_fails(world: World, tmp_path: Path) -> None:
    """Nothing was ever read: it is behind from when that was first tried on, and not from the latest try."""
    async with world.role() as role:
        behind_since = []
        for _ in range(2):
            world.platform.faults.order(Fault.ERROR, path=API, times=3)
            await role.round()
            behind_since.append(metric(READ_UNTIL, resource="people"))
        failing = Reported(datetime.now(UTC))

    assert behind_since[0] == behind_since[1] > 0
    failing.alerts(tmp_path, "BackfillBehind")


@pytest.mark.parametrize(
    "fault", [Fault.HALF, Fault.HTML, Fault.EMPTY, Fault.WRONG_DATE, Fault.RESET, Fault.ERROR_AFTER]
)
async def test_a_wrong_page(world: World, fault: Fault) -> None:
    """Half of one, another's, an empty one, one of another hour, none at all: no cursor is moved by it."""
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        for path in LISTS:
            world.platform.faults.order(fault, path=f"{API}/{path}", times=2)

        for _ in range(4):
            await role.round()
            world.clock.pass_by(minutes=3)

    await world.all_is_well()
