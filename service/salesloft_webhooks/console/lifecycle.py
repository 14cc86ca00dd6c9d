"""The console's life: what it opens, in which order, and how it ends."""

import asyncio

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import follow_partitions, open_store
from salesloft_webhooks.console.application import all_routes, application
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.live import Live
from salesloft_webhooks.console.looks import begin_looks
from salesloft_webhooks.console.routes import Routes
from salesloft_webhooks.console.running_searches import Searches
from salesloft_webhooks.console.runs import carry_out_runs
from salesloft_webhooks.console.sign_in import open_sign_in
from salesloft_webhooks.console.store_state import EVERY_SECONDS, StoreState
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.operations import ConnectionLimits, HttpServer, MemoryBudget, OperationsServer, stop_event
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import get_logger

CONNECTIONS = 512
BUDGET_BYTES = 67_108_864
AGAIN_SECONDS = 2.0
"""After the store could not be asked."""

log = get_logger(__name__)


async def run(settings: Settings, stop: asyncio.Event | None = None, routes: Routes | None = None) -> None:
    """Show pages until ``stop`` is set, by default by SIGTERM or SIGINT. Starts and goes on without the store.

    Args:
        settings: How.
        stop: When.
        routes: What there is; by default what ``pages`` lists.

    Raises:
        ConfigurationError: nobody could be told from anybody else, or a port cannot be listened on.
    """
    with stop_event(stop) as stopping:
        async with open_sign_in(settings) as sign_in, open_store(settings) as store, Background() as background:
            state, live = StoreState(store), Live(store)
            console = Console(store, settings, stopping, live, state.now, state, Searches(store))
            server = HttpServer(
                application(console, sign_in, all_routes() if routes is None else routes),
                settings.host,
                settings.console_port,
                setting="CONSOLE_PORT",
                drain_seconds=settings.drain_seconds,
                limits=ConnectionLimits(MemoryBudget(BUDGET_BYTES), connections=CONNECTIONS),
            )
            operations = OperationsServer(
                settings.host, settings.ops_port, live=lambda: None, ready=lambda: _not_ready(server)
            )
            background.repeat(state.look, name="store's state", every_seconds=EVERY_SECONDS, failed=_again)
            background.repeat(live.read, name="live entries", failed=_again)
            background.repeat(lambda: follow_partitions(store), name="partitions", every_seconds=30.0, failed=_again)
            background.start(carry_out_runs(console), name="runs")
            begin_looks(background, store, settings)
            async with operations, server:
                log.info("console.started", port=server.port, auth=settings.console_auth)
                await stopping.wait()
    log.info("console.stopped")


def _not_ready(server: HttpServer) -> str | None:
    return None if server.running else "starting"


def _again(error: Exception, _failures: int) -> float:
    if not isinstance(error, StoreError):
        log.error("console.loop_failed", exc_info=error)
    return AGAIN_SECONDS
