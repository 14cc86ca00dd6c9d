"""One time-out for many attempts: they share a timer, as each may take the same time."""

import asyncio
from contextvars import Context


class TimeLimit:
    """Cancels each task that takes longer than ``seconds``, as `asyncio.timeout` would.

    All have the same time, so they run out of it in the order in which they began: one timer, set for the eldest, does
    for all of them. A timer for each costs more than running a handler that does nothing.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: dict[asyncio.Task[object], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> "asyncio.Task[object]":
        """The time of the task that runs now begins, which is in no other attempt; returns it."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - for types: coroutines of asyncio are run by tasks
        self._ends[task] = ends = loop.time() + self._seconds
        if self._timer is None:
            self._set_timer(loop, ends)
        return task

    def end(self, task: "asyncio.Task[object]") -> bool:
        """The task is done with its attempt; whether it was cancelled for having taken too long."""
        if self._ends.pop(task, None) is not None:
            return False
        task.uncancel()
        return True

    def _cancel_overdue(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        for task, ends in list(self._ends.items()):
            if ends > loop.time():
                self._set_timer(loop, ends)
                return
            del self._ends[task]
            task.cancel()

    def _set_timer(self, loop: asyncio.AbstractEventLoop, ends: float) -> None:
        # In a context of its own: the timer would keep alive whatever the first attempt has bound.
        self._timer = loop.call_at(ends, self._cancel_overdue, loop, context=Context())
