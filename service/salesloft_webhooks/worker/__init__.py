"""The worker: takes events for one group, runs its handlers, settles. Knows no HTTP route and no receiver."""

import asyncio

from salesloft_webhooks.alerts import alerts
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin_groups import builtin_names
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.operations import Measurements, OperationsServer, stop_event
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.startup_imports import collection_paused
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.worker import Worker

__all__ = ["run"]


async def run(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Work for ``settings.worker_group`` until ``stop`` is set, by default by SIGTERM or SIGINT.

    Raises:
        ConfigurationError: no group, no such handlers, or a port that cannot be listened on.
    """
    if settings.worker_group is None:
        raise ConfigurationError(f"WORKER_GROUP: name the group; built in are {builtin_names()}")
    with collection_paused():
        loaded = load_group(settings.worker_group, settings.worker_handlers, settings)
    telemetry = WorkerTelemetry(loaded.name)
    with stop_event(stop) as stopping:
        async with open_store(settings) as store, loaded.open(settings) as running:
            worker = Worker(store, settings, loaded, running, telemetry)
            operations = OperationsServer(
                settings.host, settings.ops_port, live=worker.not_live, ready=worker.not_ready
            )
            async with (
                operations,
                Measurements(store, telemetry, settings.upkeep_seconds, settings),
                alerts(store, settings),
            ):
                await worker.run(stopping)
