"""Things happen by themselves: at a steady rate, at the time that it is, by a seed."""

import asyncio
import time
from datetime import datetime

from salesloft_webhooks.dialects import DialectKeys
from salesloft_webhooks.simulator.platform import Behaviour, SimulatedPlatform
from tests.support.fake_receiver import Listener
from tests.support.waiting import eventually
from tests.unit.simulator.platform.test_deliveries import OLD, QUICK


async def test_nothing_happens_without_a_rate() -> None:
    """A platform of a test changes only when it is told to."""
    async with SimulatedPlatform() as platform:
        assert platform.load.rate == 0
        platform.load.burst(1)

    assert len(platform.deliveries.account.changes) == 1


async def test_the_rate_is_kept_and_can_be_changed() -> None:
    """About as many changes as the rate says; from one moment to the next another rate, or none."""
    async with SimulatedPlatform() as platform:
        account = platform.deliveries.account
        platform.load.rate = 0.001
        platform.load.rate = 50
        began = time.monotonic()
        await eventually(lambda: len(account.changes) >= 25, description="25 changes")
        took = time.monotonic() - began
        platform.load.rate = 0
        so_far = len(account.changes)
        platform.load.rate = 0.001
        platform.load.rate = 0

    assert took > 0.4
    assert len(account.changes) <= so_far + 2


async def test_the_rate_can_be_changed_at_the_very_moment_of_a_change() -> None:
    """Switched off just when the next one is due, the load stops, and goes on when it is switched on again."""
    async with SimulatedPlatform() as platform:
        for _ in range(20):
            platform.load.rate = 100
            for _ in range(5):
                await asyncio.sleep(0)  # it waits for the next one to be due
            time.sleep(0.015)  # noqa: ASYNC251 - now that one is due, and the loop has not noticed
            await asyncio.sleep(0)
            platform.load.rate = 0
            await asyncio.sleep(0.001)
        so_far = len(platform.deliveries.account.changes)
        platform.load.rate = 1_000
        await eventually(lambda: len(platform.deliveries.account.changes) > so_far, description="it goes on")


async def test_changes_happen_at_the_present() -> None:
    """Their times are those of the clock, and no two of a record are the same: a poll by time finds each of them."""
    now = [1_800_000_000.0]
    async with SimulatedPlatform(Behaviour(clock=lambda: now[0]), seed=2) as platform:
        platform.load.burst(20)
        now[0] += 3_600
        platform.load.burst(20)

    changes = list(platform.deliveries.account.changes)
    times = [datetime.fromisoformat(each.updated_at or "").timestamp() for each in changes]
    assert len({(each.resource, each.updated_at) for each in changes}) == 40
    assert all(abs(when - 1_800_000_000) < 0.001 for when in times[:20])
    assert all(abs(when - 1_800_003_600) < 0.001 for when in times[20:])


async def test_a_seed_repeats_everything() -> None:
    """The same seed and clock let the same happen; another seed lets something else happen."""

    async def happened(seed: int) -> list[tuple[str, object]]:
        async with SimulatedPlatform(Behaviour(clock=lambda: 1_800_000_000.0), seed=seed) as platform:
            platform.load.burst(50)
        return [(each.event, each.resource) for each in platform.deliveries.account.changes]

    assert await happened(1) == await happened(1)
    assert await happened(1) != await happened(2)


async def test_an_address_that_exists_nowhere_can_be_connected_to() -> None:
    """Deliveries to a host go where they are told to, with path, query and host name; those to others do not."""
    with Listener(DialectKeys(callback_tokens=(OLD.encode(),))).listening() as listener:
        behaviour = Behaviour(
            retry_seconds=QUICK.retry_seconds,
            attempts=2,
            connect_to={"hooks.example.com": listener.url.removesuffix("/hooks")},
        )
        async with SimulatedPlatform(behaviour) as platform:
            for address in ("https://hooks.example.com/hooks?by=1", "http://elsewhere.invalid/hooks"):
                form = {"event_type": "note_created", "callback_url": address, "callback_token": OLD}
                platform.subscriptions.create(form)
            platform.load.burst(1, "note_created")
            await platform.deliveries.settled()

    assert len(listener.events) == listener.deliveries == 1
    assert [each.statuses for each in platform.deliveries.ledger] == [[200], [None, None]]
