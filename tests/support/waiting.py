"""Waiting for what must come true, in a test with and without an event loop."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

POLL_SECONDS = 0.02


def wait_until(condition: Callable[[], bool], *, seconds: float = 10.0, description: str) -> None:
    """Poll until ``condition()`` is true; fails the test with ``description`` when it stays false."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {description}")
        time.sleep(POLL_SECONDS)


async def eventually(condition: Callable[[], bool | Awaitable[Any]], description: str, seconds: float = 10.0) -> None:
    """Like `wait_until` without blocking the loop; the condition may be a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if await found if inspect.isawaitable(found) else found:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {description}")
        await asyncio.sleep(POLL_SECONDS)
