"""A function of the user's that computes the links, in the receiver's own loop."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from salesloft_webhooks.errors import ConfigurationError, error_type
from salesloft_webhooks.handlers.loading import import_attribute
from salesloft_webhooks.handlers.sys_exit import contain_exits
from salesloft_webhooks.link_swap.request import LinkSwap
from salesloft_webhooks.telemetry import LinkSwapReason, LinkSwapTelemetry


class PythonSwapper:
    """Calls a function.

    Args:
        path: Where it is: ``package.module:swap``.
        telemetry: Is told when it fails.

    Raises:
        ConfigurationError: there is none, or it is no ``async def``.
    """

    def __init__(self, path: str, telemetry: LinkSwapTelemetry) -> None:
        found = import_attribute(path, "LINK_SWAP_HANDLER", "swap")
        if not inspect.iscoroutinefunction(found):
            raise ConfigurationError("LINK_SWAP_HANDLER: the module has no `async def` of that name")
        self._telemetry = telemetry
        self._swap = cast("Callable[[LinkSwap], Awaitable[Any]]", found)

    async def __call__(self, swap: LinkSwap) -> Mapping[str, object] | LinkSwapReason:
        """The links it gives, or why there are none."""
        contain_exits()  # also those of tasks that it starts, which would end the receiver
        try:
            given = await self._swap(swap)
            return dict(given) if isinstance(given, Mapping) else LinkSwapReason.UNREADABLE
        except (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as exc:  # noqa: BLE001 - a group with an exit in it, a library's panic: the mail must go out
            self._telemetry.failed(error_type(exc))  # its message may quote a person
            return LinkSwapReason.FAILED
