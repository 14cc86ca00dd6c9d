"""Never lose a SalesLoft webhook: verified, stored in a Redis Stream, handled once in effect.

This module is the whole interface of a handler author; everything else is the service itself. Names are loaded when
they are first used, because every command passes through here, and ``--help`` needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
    from salesloft_webhooks.events import Event
    from salesloft_webhooks.handlers.database.handled_events import HandledEvents
    from salesloft_webhooks.handlers.debounce import Debounce
    from salesloft_webhooks.handlers.limited_handler import Limit
    from salesloft_webhooks.handlers.router import Router
    from salesloft_webhooks.handlers.routes import Failures
    from salesloft_webhooks.settings import Ordering, Settings
    from salesloft_webhooks.telemetry.logs import get_logger

__all__ = [
    "Debounce",
    "Event",
    "Failures",
    "FollowUp",
    "FollowUpRefused",
    "HandledEvents",
    "Limit",
    "Ordering",
    "PermanentError",
    "Retry",
    "Router",
    "Settings",
    "Unavailable",
    "get_logger",
]

_HOMES = {
    "Debounce": "handlers.debounce",
    "Event": "events",
    "Failures": "handlers.routes",
    "FollowUp": "follow_ups",
    "FollowUpRefused": "errors",
    "HandledEvents": "handlers.database.handled_events",
    "Limit": "handlers.limited_handler",
    "Ordering": "settings",
    "PermanentError": "errors",
    "Retry": "errors",
    "Router": "handlers.router",
    "Settings": "settings",
    "Unavailable": "errors",
    "get_logger": "telemetry.logs",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home (PEP 562); after that, it is an ordinary attribute."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
