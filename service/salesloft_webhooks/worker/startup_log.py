"""What a worker says about itself when it starts: what it is, and which of its patterns cannot be meant."""

import asyncio
import platform
from contextlib import suppress
from importlib.metadata import version

from salesloft_webhooks.broker import GroupOptions, Store
from salesloft_webhooks.broker.administration.server_version import server_version
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.event_patterns import is_known, nearest
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import get_logger

VERSION_TIMEOUT_SECONDS = 1.0
"""How long the start may wait for the server to say its version."""

log = get_logger(__name__)


async def log_start(store: Store, options: GroupOptions, loaded: LoadedGroup) -> None:
    """Log what starts: group, event patterns, handlers, ordering and the versions of all that takes part."""
    server = "unknown"
    with suppress(StoreError, TimeoutError):  # a user that may not use INFO works all the same
        async with asyncio.timeout(VERSION_TIMEOUT_SECONDS):
            server = await server_version(store)
    log.info(
        "worker.started",
        group=options.name,
        events=list(options.events),
        handlers=[name for name, _ in loaded.handler_patterns],
        ordering=options.ordering.value,
        version=version("salesloft-webhooks"),
        python=platform.python_version(),
        server=server,
    )


def warn_of_unknown_patterns(loaded: LoadedGroup, settings: Settings) -> None:
    """Log a warning for each pattern that matches no event type that is known: most likely it is misspelt.

    It is no error: senders of envelopes may use types of their own.
    """
    origins = [(pattern, handler) for handler, patterns in loaded.handler_patterns for pattern in patterns]
    for pattern, origin in (*origins, *((pattern, "WORKER_EVENTS") for pattern in settings.worker_events)):
        if not is_known(pattern):
            log.warning(
                "pattern.unknown", group=loaded.name, pattern=pattern, origin=origin, nearest=list(nearest(pattern))
            )
