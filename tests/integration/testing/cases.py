"""Handlers that end in every way there is, and what becomes of their event: for the test kit and for the worker."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.lowlevel

from salesloft_webhooks import Event, PermanentError, Retry, Unavailable
from salesloft_webhooks.testing import Outcome


class UnspeakableError(Exception):
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


async def sleep_for_ever(_event: Event) -> None:
    """Take too long, and give in when cancelled."""
    await asyncio.sleep(60)


async def swallow_cancellation(_event: Event) -> None:
    """Take too long, and return as if nothing had happened."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return


async def turn_cancellation_into_an_error(_event: Event) -> None:
    """Take too long, and fail with an error that hides it."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ValueError("interrupted") from None


async def ask_for_a_retry_when_cancelled(_event: Event) -> None:
    """Take too long, and know better than the back-off when to come again."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise Retry("slow", after=7) from None


async def cancel_itself(_event: Event) -> None:
    """Cancel the very task it runs in."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def exit_in_a_task(_event: Event) -> None:
    """Call sys.exit() in a task of its own, from which asyncio would hand it on to the whole process."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_exit())


async def _exit() -> None:
    await asyncio.sleep(0)
    sys.exit(3)


async def cancel_tasks_by_anyio(_event: Event) -> None:
    """Do what anyio does for a connection to a host of several addresses: begin some, keep one, cancel the others."""
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(anyio.sleep, 60)
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(anyio.sleep, 60)
        tasks.cancel_scope.cancel()


async def fail_in_a_group(*errors: Exception) -> None:
    """Fail in several tasks of one group at the same moment."""

    async def fail(error: Exception) -> None:
        raise error

    async with asyncio.TaskGroup() as tasks:
        for error in errors:
            tasks.create_task(fail(error))


def raising(error: BaseException) -> Callable[[Event], Coroutine[Any, Any, None]]:
    """A handler that raises."""

    async def handler(_event: Event) -> None:
        raise error

    return handler


def grouped(*errors: Exception) -> Callable[[Event], Coroutine[Any, Any, None]]:
    """A handler whose tasks raise."""

    async def handler(_event: Event) -> None:
        await fail_in_a_group(*errors)

    return handler


async def retry_after(_event: Event, after: Any) -> None:
    """Ask for a retry after something that is no time."""
    raise Retry(after=after)


def odd_retry(after: Any) -> Callable[[Event], Coroutine[Any, Any, None]]:
    """A handler that asks for a retry at an impossible time."""

    async def handler(event: Event) -> None:
        await retry_after(event, after)

    return handler


async def do_nothing(_event: Event) -> None:
    """Return at once."""


@dataclass(frozen=True)
class Case:
    """One way to end.

    Attributes:
        handler: Ends so.
        outcome: What becomes of the event, in an attempt that is not the last.
        error: Name of the error's type; empty: none.
        after_seconds: When it is tried again, or for how long the group pauses; None: by the back-off.
        reason: Of a dead letter.
        stored: What its dead letter begins with, if not with ``error``.
    """

    handler: Callable[[Event], Coroutine[Any, Any, None]]
    outcome: Outcome
    error: str = ""
    after_seconds: float | None = None
    reason: str = ""
    stored: str = ""


CASES = {
    "return": Case(do_nothing, Outcome.DONE),
    "cancels-tasks-by-anyio": Case(cancel_tasks_by_anyio, Outcome.DONE),
    "error": Case(raising(ValueError("x")), Outcome.RETRY, "ValueError"),
    "own-timeout": Case(raising(TimeoutError("x")), Outcome.RETRY, "TimeoutError"),
    "error-without-text": Case(raising(UnspeakableError()), Outcome.RETRY, "UnspeakableError"),
    "retry": Case(raising(Retry("x")), Outcome.RETRY, "Retry"),
    "retry-after": Case(raising(Retry("x", after=60)), Outcome.RETRY, "Retry", 60),
    "retry-after-infinity": Case(odd_retry(float("inf")), Outcome.RETRY, "ValueError"),
    "retry-after-nan": Case(odd_retry(float("nan")), Outcome.RETRY, "ValueError"),
    "retry-after-text": Case(odd_retry("60"), Outcome.RETRY, "TypeError"),
    "permanent": Case(raising(PermanentError("x")), Outcome.DEAD, "PermanentError", reason="permanent"),
    "unavailable": Case(raising(Unavailable("x", after=5)), Outcome.PAUSED, "Unavailable", 5),
    "too-slow": Case(sleep_for_ever, Outcome.RETRY, "AttemptTimeout"),
    "swallows-its-timeout": Case(swallow_cancellation, Outcome.RETRY, "AttemptTimeout"),
    "hides-its-timeout": Case(turn_cancellation_into_an_error, Outcome.RETRY, "AttemptTimeout"),
    "retry-at-its-timeout": Case(ask_for_a_retry_when_cancelled, Outcome.RETRY, "Retry", 7),
    "cancels-itself": Case(cancel_itself, Outcome.RETRY, "HandlerCancelled"),
    "exits": Case(raising(SystemExit(3)), Outcome.RETRY, "HandlerExited"),
    "exits-in-a-task": Case(exit_in_a_task, Outcome.RETRY, "HandlerExited"),
    "group-permanent": Case(grouped(ValueError("y"), PermanentError("x")), Outcome.DEAD, "PermanentError",
                            reason="permanent"),
    "group-unavailable": Case(grouped(PermanentError("y"), Unavailable("x", after=9), Unavailable("z", after=2)),
                              Outcome.PAUSED, "Unavailable", 9),
    "group-retry": Case(grouped(ValueError("y"), Retry("x", after=3)), Outcome.RETRY, "Retry", 3),
    "group-nested": Case(raising(ExceptionGroup("a", [ExceptionGroup("b", [PermanentError("x")])])), Outcome.DEAD,
                         "PermanentError", reason="permanent"),
    "group-of-errors": Case(grouped(ValueError("y"), KeyError("x")), Outcome.RETRY, "ExceptionGroup",
                            stored="ValueError: y; KeyError: 'x'"),
}  # fmt: skip
