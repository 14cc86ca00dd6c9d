"""Keeps ``sys.exit()`` in a handler from ending the worker.

asyncio passes ``SystemExit`` of any task on to whoever runs the loop. That a handler is to blame can be seen only where
its coroutine is stepped: for the handler itself an ``except`` does, for tasks that it starts (a ``TaskGroup``, say) the
loop's task factory wraps each coroutine made inside a handler. Tasks of ours are left alone.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any

_INSIDE = ContextVar("salesloft_webhooks.inside_a_handler", default=False)


class HandlerExited(Exception):
    """A handler, or a task of its own, called ``sys.exit()``: a failed attempt, not the end of the worker."""


def contain_exits() -> None:
    """From here on, tasks made in the current context (an attempt's) turn ``SystemExit`` into `HandlerExited`."""
    loop = asyncio.get_running_loop()
    if loop.get_task_factory() is None:  # somebody's own factory is their choice, and left to them
        loop.set_task_factory(_make_task)
    _INSIDE.set(True)


def _make_task(
    loop: asyncio.AbstractEventLoop, work: Generator[Any, None, Any] | Coroutine[Any, Any, Any], **options: Any
) -> "asyncio.Task[Any]":
    contained: Any = _Contained(work) if _INSIDE.get() and isinstance(work, Coroutine) else work
    return asyncio.Task(contained, loop=loop, **options)


class _Contained(Coroutine[Any, Any, Any]):
    """A coroutine, stepped as it is. Not a coroutine around it: one cancelled early would leave it never awaited."""

    __slots__ = ("_work",)

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work

    def send(self, value: Any) -> Any:
        return self._step(self._work.send, value)

    def throw(self, *error: Any) -> Any:
        return self._step(self._work.throw, *error)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield from self._work.__await__())

    def __getattr__(self, name: str) -> Any:
        """State, frame, code: anyio asks a task's coroutine whether it has begun before it cancels the task."""
        return getattr(self._work, name)

    @property
    def __name__(self) -> str:
        """What asyncio calls the task in its messages."""
        return getattr(self._work, "__qualname__", type(self._work).__qualname__)

    @staticmethod
    def _step(step: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return step(*arguments)
        except SystemExit as exc:
            raise HandlerExited("a task of the handler called sys.exit()") from exc
