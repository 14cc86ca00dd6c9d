"""What answers link swaps, if anything shall. A receiver without pays nothing for it, not even the import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from salesloft_webhooks.broker import Publisher
from salesloft_webhooks.settings import Settings

if TYPE_CHECKING:
    from salesloft_webhooks.link_swap.answering import LinkSwaps
    from salesloft_webhooks.receiver.swap_events import SwapEvents


@asynccontextmanager
async def opened_swaps(settings: Settings) -> "AsyncIterator[LinkSwaps | None]":
    """What the settings say; None: a link swap is an event that cannot be read.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    if not settings.swaps_links:
        yield None
        return
    from salesloft_webhooks.link_swap.opening import open_link_swaps  # noqa: PLC0415 - most receivers have none, and start sooner

    async with open_link_swaps(settings) as swaps:
        yield swaps


@asynccontextmanager
async def opened_events(settings: Settings, publisher: Publisher) -> "AsyncIterator[SwapEvents | None]":
    """What tells of each answer afterwards; None: nobody does."""
    if not (settings.swaps_links and settings.link_swap_events):
        yield None
        return
    from salesloft_webhooks.receiver.swap_events import SwapEvents  # noqa: PLC0415 - as above

    async with SwapEvents(publisher) as events:
        yield events
