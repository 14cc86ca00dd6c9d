"""Never lose a SalesLoft webhook: verified, stored in a Redis Stream, handled once in effect.

This module is the whole interface of a handler author; everything else is the service itself.
"""

from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry.logs import get_logger

__all__ = ["Event", "PermanentError", "Retry", "Router", "Settings", "Unavailable", "get_logger"]
