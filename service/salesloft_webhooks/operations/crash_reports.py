"""What is written when something fails that nobody has caught: where it was and of what type, in a line of the log.

Python itself prints the message of an exception and the representation of what it was raised in. Either may quote an
event, an address or a secret, and whoever collects logs keeps it. Errors in tasks come through asyncio and the log
already; these are the three ways around it: the end of the process, the end of a thread, and what can be raised nowhere
(in a finaliser, in a callback of C).
"""

import sys
import threading
from types import TracebackType

from salesloft_webhooks.telemetry import get_logger

log = get_logger(__name__)


def report_crashes() -> None:
    """Have this process log what Python would print; it logs already. Ctrl-C stays what it is."""
    previous = sys.excepthook

    def process_ends(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            previous(kind, error, trace)
        else:
            log.critical("process.crashed", exc_info=error)

    sys.excepthook = process_ends
    threading.excepthook = _thread_ends
    sys.unraisablehook = _is_lost


def _thread_ends(lost: threading.ExceptHookArgs) -> None:
    if lost.exc_type is not SystemExit:
        log.error("thread.crashed", thread=lost.thread.name if lost.thread else None, exc_info=lost.exc_value)


def _is_lost(lost: "sys.UnraisableHookArgs") -> None:
    log.error("exception.lost", of=type(lost.object).__name__, exc_info=lost.exc_value)
