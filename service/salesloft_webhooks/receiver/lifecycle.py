"""The receiver's life: what it opens, in which order, and how it ends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from salesloft_webhooks.broker import Publisher, Store, StoreWatch, open_store
from salesloft_webhooks.operations import (
    ConnectionLimits,
    HttpServer,
    Measurements,
    MemoryBudget,
    OperationsServer,
    rare_collection,
    stop_event,
)
from salesloft_webhooks.receiver.app import WebhookApp
from salesloft_webhooks.receiver.body import BodyReader
from salesloft_webhooks.receiver.delivery_endpoint import DeliveryEndpoint, ReceiverContext
from salesloft_webhooks.receiver.delivery_reports import DeliveryReports
from salesloft_webhooks.receiver.health import Health
from salesloft_webhooks.receiver.in_flight import InFlightDeliveries
from salesloft_webhooks.receiver.key_announcer import KeyAnnouncer
from salesloft_webhooks.receiver.responses import Responses
from salesloft_webhooks.receiver.sources import Source, load_sources
from salesloft_webhooks.receiver.synchronous import opened_events, opened_swaps
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import ReceiverTelemetry, get_logger

log = get_logger(__name__)


async def run(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Receive deliveries until ``stop`` is set (by default by SIGTERM or SIGINT), then drain and return.

    The end, so that a roll-out loses nothing: first readiness and the health path say no while deliveries are still
    accepted, for ``SHUTDOWN_DELAY_SECONDS``, because load balancers go on sending until they have noticed; each answer
    now closes its connection. Then the port closes and running deliveries have ``DRAIN_SECONDS``. Probes and metrics
    answer to the last.

    It starts and keeps running without the store: unready, and answering 503.

    Raises:
        ConfigurationError: a setting or a source is wrong, or a port cannot be listened on.
    """
    sources = load_sources(settings)
    telemetry = ReceiverTelemetry(source.name for source in sources)
    in_flight = InFlightDeliveries(stuck_after_seconds=2 * _longest_wait_seconds(settings))
    with rare_collection(), stop_event(stop) as stopping:
        async with (
            opened_swaps(settings) as swaps,
            open_store(settings) as store,
            Publisher(store, settings, telemetry) as publisher,
            opened_events(settings, publisher) as swap_events,
        ):
            watch = StoreWatch(store, settings, telemetry)
            bodies = BodyReader(max_bytes=settings.max_body_bytes, timeout_seconds=settings.body_timeout_seconds)
            responses = Responses(settings.retry_after_seconds)
            context = ReceiverContext(
                settings, store, publisher, watch, telemetry, bodies, in_flight, responses, swaps, swap_events
            )
            budget = MemoryBudget(settings.body_memory_bytes)
            endpoints = {source.path: DeliveryEndpoint(source, context) for source in sources}
            webhooks = HttpServer(
                WebhookApp(endpoints, Health(settings.health_path, in_flight)),
                settings.host,
                settings.port,
                setting="PORT",
                drain_seconds=settings.drain_seconds,
                limits=ConnectionLimits(
                    budget,
                    head_timeout_seconds=settings.body_timeout_seconds,
                    keeps_senders_only=True,
                    retry_after_seconds=settings.retry_after_seconds,
                ),
            )
            reports = _reports(store, telemetry, settings, sources)
            async with _operations(settings, webhooks, context, budget), watch, reports, webhooks:
                log.info("receiver.started", port=webhooks.port, sources=[source.name for source in sources])
                await stopping.wait()
                in_flight.draining = True
                log.info("receiver.draining")
                await asyncio.sleep(settings.shutdown_delay_seconds)
    log.info("receiver.stopped")


@asynccontextmanager
async def _reports(
    store: Store, telemetry: ReceiverTelemetry, settings: Settings, sources: Sequence[Source]
) -> AsyncIterator[None]:
    """What is told of the store, and to it, while deliveries are taken."""
    measurements = Measurements(store, telemetry, settings.upkeep_seconds, settings)
    async with measurements, KeyAnnouncer(store, sources), DeliveryReports(store, telemetry):
        yield


def _longest_wait_seconds(settings: Settings) -> float:
    """All time-outs of one delivery together."""
    swapping_seconds = settings.link_swap_timeout_seconds if settings.swaps_links else 0.0
    return settings.body_timeout_seconds + settings.store_timeout_seconds + swapping_seconds


def _operations(
    settings: Settings, webhooks: HttpServer, context: ReceiverContext, budget: MemoryBudget
) -> OperationsServer:
    def ready() -> str | None:
        if context.in_flight.draining:
            return "draining"
        if not webhooks.running:
            return "starting"
        # A link swap needs no store: without this the load balancer would send none while there is no store.
        return None if context.swaps is not None else context.watch.unready

    return OperationsServer(
        settings.host, settings.ops_port, live=context.in_flight.problem, ready=ready, budget=budget
    )
