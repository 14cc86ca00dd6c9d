"""What every role's process does around its work."""

from collections.abc import Callable, Coroutine

import uvloop

from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import configure_logging, configure_tracing


def run_role(name: str, settings: Settings, role: Callable[[Settings], Coroutine[None, None, None]]) -> None:
    """Run a role until it ends by itself or by a signal: logs first, spans flushed last, uvloop in between.

    Args:
        name: The role's name in logs and traces: ``receiver`` or ``worker``.
        settings: Handed to ``role``.
        role: The role's ``run``.

    Raises:
        ConfigurationError: from the role, or the ``OTEL_*`` variables ask for something impossible.
    """
    configure_logging(settings, name)
    with configure_tracing(name):
        uvloop.run(role(settings))
