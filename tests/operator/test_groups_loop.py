"""Consumer groups under the real loop: how soon something is seen, and what holds while the API server is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from salesloft_webhooks.background import cancel_and_wait
from salesloft_webhooks.broker.administration.groups import resume
from salesloft_webhooks.operator import control_loop, watches
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster import open_cluster
from salesloft_webhooks.operator.control_loop import ControlLoop
from salesloft_webhooks.operator.group_controller import LOOK_SECONDS, WRITE_SECONDS, GroupController
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import OperatorTelemetry
from tests.chart.api_server import ApiServer
from tests.chart.declared import served
from tests.operator.counted_looks import LONG, Leader
from tests.operator.groups import LookedAfter, looked_after
from tests.support.servers import Server
from tests.support.waiting import eventually

TENTH = 0.1
SLACK_SECONDS = 2.0


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_loop, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(watches, "FIRST_BACKOFF_SECONDS", 0.2)


@asynccontextmanager
async def running(groups: LookedAfter, look_seconds: float = LOOK_SECONDS * TENTH) -> AsyncIterator[None]:
    """The loop as the role runs it, ten times as fast."""
    cluster = groups.cluster
    telemetry, store = OperatorTelemetry(Kind.SUBSCRIPTION, others=[Kind.GROUP]), groups.driven.store
    controller = GroupController(cluster, store, lambda: True, telemetry, write_seconds=WRITE_SECONDS * TENTH)
    loop = ControlLoop(controller, cluster, Leader(cluster), telemetry, resync_seconds=look_seconds)
    task = asyncio.create_task(loop.run())
    try:
        yield
    finally:
        await cancel_and_wait([task])


async def test_what_the_command_says_is_in_the_columns_within_twenty_seconds(groups: LookedAfter) -> None:
    """One look and one interval between two writes, whatever has just been written; here in a tenth of the time."""
    assert LOOK_SECONDS + WRITE_SECONDS <= 20
    await groups.driven.group()

    async with running(groups):
        await eventually(lambda: "crm" in groups.names() and bool(groups.status()), "the group has an object")
        for number in (1, 2):
            await groups.driven.publish(f"e{number}")
            said = groups.status_command()["crm"]
            within = 20 * TENTH + SLACK_SECONDS
            await eventually(lambda: groups.columns()["Backlog"] == said["backlog"], "they say the same", within)  # noqa: B023
            assert said["backlog"] == number


async def test_a_declared_pause_comes_when_it_is_declared(groups: LookedAfter) -> None:
    """The bell of the watch rings: nobody waits for the next look."""
    await groups.driven.publish("e1")
    await groups.driven.group()
    groups.declare()

    async with running(groups, LONG):
        await eventually(lambda: bool(groups.status()), "it is looked at")
        groups.change(paused=True)
        await eventually(lambda: groups.columns()["Paused"] is True, "it is paused", 3)
        assert not await groups.takes()
        groups.withdraw()
        await eventually(groups.takes, "it takes events", 3)


async def test_while_the_api_server_is_away_pauses_stay_as_they_are(own_kubernetes: ApiServer, valkey: Server) -> None:
    """Nobody is resumed by a list that could not be had; what somebody resumes by hand is paused when it is back."""
    config = Settings.load(kubeconfig=own_kubernetes.kubeconfig(own_kubernetes.namespace("away")))
    async with open_cluster(config, "tests") as cluster, looked_after(own_kubernetes, cluster, valkey) as groups:
        await groups.driven.publish("e1", "e2", "e3")
        await groups.driven.group()
        groups.declare(paused=True)
        async with running(groups):
            await eventually(lambda: groups.status().get("paused") is True, "it is paused")

            own_kubernetes.kill()
            await asyncio.sleep(5 * LOOK_SECONDS * TENTH)
            kept = not await groups.takes()
            await resume(groups.driven.store, "crm")
            resumed = await groups.takes()
            await asyncio.to_thread(own_kubernetes.serve)
            await eventually(lambda: bool(served(own_kubernetes)), "our kinds are served", seconds=30)

            await eventually(lambda: "Warning PausedAgain" in groups.events(), "it is paused again", seconds=20)
            assert (kept, resumed) == (True, True)
