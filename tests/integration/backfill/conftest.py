"""A team at work, a receiver, and two groups."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from salesloft_webhooks import Event, Router
from salesloft_webhooks.broker import Store, open_store
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.salesloft import transport
from salesloft_webhooks.simulator.platform import Behaviour, SimulatedPlatform
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.worker import Worker
from tests.integration.backfill.world import API_TOKEN, GROUPS, Clock, World
from tests.support.servers import Server


@asynccontextmanager
async def _group(world: World, store: Store, name: str) -> AsyncIterator[None]:
    """A real worker that counts what it is given."""
    router: Router[None] = Router()

    @router.on("*")
    async def count(event: Event) -> None:
        world.handled[name][event.event_id] += 1

    chosen = world.settings(worker_group=name, poll_seconds=0.2, backoff_base_seconds=0.01)
    loaded = LoadedGroup(name, (router,))
    async with loaded.open(chosen) as running:
        worker, stop = Worker(store, chosen, loaded, running, WorkerTelemetry(name)), asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 15)


@pytest.fixture
async def world(
    valkey: Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A team at work, a receiver that is subscribed to it, two groups behind that. Its parameter: partitions."""
    monkeypatch.setattr(transport, "BACKOFF_SECONDS", 0.01)  # in a hurry
    clock = Clock()
    behaviour = Behaviour(retry_seconds=0.01, attempt_seconds=5.0, clock=clock, per_minute=100_000)
    async with SimulatedPlatform(behaviour) as platform, AsyncExitStack() as stack:
        platform.access.allow(API_TOKEN)
        world = World(valkey, platform, clock, partitions=getattr(request, "param", 1))
        world.subscribe()
        for name in GROUPS:
            store = await stack.enter_async_context(open_store(world.settings()))
            await stack.enter_async_context(_group(world, store, name))
        await world.start_receiver()
        stack.push_async_callback(world.stop_receiver)
        yield world
