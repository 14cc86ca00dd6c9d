"""What every role's process does around its work."""

import os
import threading
from collections.abc import Callable, Coroutine

import uvloop

from salesloft_webhooks.operations.crash_reports import report_crashes
from salesloft_webhooks.operations.file_limit import raise_file_limit
from salesloft_webhooks.operations.process_secrecy import keep_memory_private
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import configure_logging, configure_tracing, get_logger

EXIT_SECONDS = 3.0
"""How long the process may live once its role has ended: for last spans, and for tasks and threads to give in."""

log = get_logger(__name__)


def run_role(name: str, settings: Settings, role: Callable[[Settings], Coroutine[None, None, None]]) -> None:
    """Run a role until it ends by itself or by a signal: logs first, spans flushed last, uvloop in between.

    It may open as many files as the system allows it, leaves no memory image, and logs what nobody has caught.

    A handler that swallows its cancellation, or blocks a thread, would keep Python waiting for it without end after the
    role has handed everything over, and so would a collector that takes spans and does not answer; so the process ends
    the hard way when it takes too long.

    Args:
        name: The role's name in logs and traces: ``receiver`` or ``worker``.
        settings: Handed to ``role``.
        role: The role's ``run``.

    Raises:
        ConfigurationError: from the role, or the ``OTEL_*`` variables ask for something impossible.
    """
    keep_memory_private()
    raise_file_limit()
    configure_logging(settings, name)
    report_crashes()
    with configure_tracing(name):
        uvloop.run(_run_and_exit_in_time(role(settings)))


async def _run_and_exit_in_time(work: Coroutine[None, None, None]) -> None:
    code = 1
    try:
        await work
        code = 0
    finally:
        watchdog = threading.Timer(EXIT_SECONDS, _force_exit, [code])
        watchdog.daemon = True
        watchdog.start()


def _force_exit(code: int) -> None:
    detail = "a handler's task or thread, or the export of the last spans, does not end"
    log.warning("process.cut_off", detail=detail, seconds=EXIT_SECONDS)
    os._exit(code)
