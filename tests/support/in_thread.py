"""Runs a coroutine to its end where a loop may be running already, as Playwright's does."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def in_thread(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """What it returns."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(work())).result()
