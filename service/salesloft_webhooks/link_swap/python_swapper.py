"""A function of the user's that computes the links, in the receiver's own loop."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from salesloft_webhooks.errors import ConfigurationError, error_type
from salesloft_webhooks.handlers.loading import import_attribute
from salesloft_webhooks.link_swap.request import LinkSwap
from salesloft_webhooks.telemetry import LinkSwapReason, get_logger

log = get_logger(__name__)


class PythonSwapper:
    """Calls the function at ``package.module:swap``.

    Raises:
        ConfigurationError: there is none, or it is no ``async def``.
    """

    def __init__(self, path: str) -> None:
        found = import_attribute(path, "LINK_SWAP_HANDLER", "swap")
        if not inspect.iscoroutinefunction(found):
            raise ConfigurationError("LINK_SWAP_HANDLER: the module has no `async def` of that name")
        self._swap = cast("Callable[[LinkSwap], Awaitable[Any]]", found)

    async def __call__(self, swap: LinkSwap) -> Mapping[str, object] | LinkSwapReason:
        """The links it gives, or why there are none."""
        try:
            given = await self._swap(swap)
            return dict(given) if isinstance(given, Mapping) else LinkSwapReason.UNREADABLE
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever it is, the mail must go out
            log.warning("link_swap.handler_failed", error=error_type(exc))  # its message may quote a person
            return LinkSwapReason.FAILED
