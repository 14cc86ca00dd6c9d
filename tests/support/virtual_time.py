"""A loop whose time is not the clock's: it goes on, by leaps, to whatever comes next when nothing else is left to do.

A test of seconds that pass takes none, and no busy machine makes anything late. It may open no connection and start no
process: nobody waits for these.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import ParamSpec

Given = ParamSpec("Given")


class _NobodyWaits(selectors.DefaultSelector):
    """Instead of waiting for files, lets the time pass."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now, after the time that somebody would have waited for it at the most."""
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "the loop waits for nothing that could ever happen"
            self.passed += max(timeout, 0.0)
        return ready


class VirtualTime(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._waiting = _NobodyWaits()
        super().__init__(self._waiting)

    def time(self) -> float:
        """Seconds that have passed on this loop."""
        return self._waiting.passed


def in_virtual_time(test: Callable[Given, Coroutine[object, object, None]]) -> Callable[Given, None]:
    """Runs a test on such a loop."""

    @wraps(test)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualTime) as runner:
            runner.run(test(*args, **kwargs))

    return run
