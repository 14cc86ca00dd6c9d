"""Runs what a command does with an open store."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from salesloft_webhooks.background import cancel_and_wait

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.settings import Settings

T = TypeVar("T")
Act = Callable[["Store", "Settings"], Awaitable[T]]


def with_store(act: Act[T]) -> T:
    """Open the store that the settings describe, run ``act``, close it; Ctrl-C ends it.

    Raises:
        ConfigurationError: a setting is wrong.
        StoreError: the store cannot do what ``act`` asks.
    """
    from salesloft_webhooks.broker import follow_partitions, open_store
    from salesloft_webhooks.settings import Settings

    settings = Settings.load()

    async def work() -> T:
        async with open_store(settings) as store:
            await follow_partitions(store)
            return await act(store, settings)

    return run_interruptibly(work)


def run_interruptibly(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run what works with an open store.

    Ctrl-C ends it, in a task of its own: redis-py swallows a cancellation that comes while no reply is awaited.
    """

    async def run() -> T:
        working = asyncio.create_task(work())
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError:
            await cancel_and_wait([working])
            raise
        return working.result()

    return asyncio.run(run())


def follow(act: Act[None]) -> None:
    """Like `with_store`, for commands that run until Ctrl-C: being stopped is their normal end."""
    with suppress(KeyboardInterrupt):
        with_store(act)
