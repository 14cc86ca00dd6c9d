"""Loops and tasks in the background: who starts them, what becomes of a failure, how they end, who waits for that.

Two things go wrong with a task that runs beside the work. A library that is cancelled while it gives up on a connection
may raise its own error instead, which a loop that outlives errors takes for one more failed round: it goes on, and
whoever waits for its end waits for ever. And a task that nobody owns fails unseen, or outlives what it needs. So a loop
asks the task whether it was cancelled (`repeat`, `cancellation_requested`), and a `Background` owns what it started.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

CANCEL_AGAIN_SECONDS = 1.0
"""A task that is still there so long after is cancelled again: something below it swallowed the first cancellation."""

Key = TypeVar("Key")
Result = TypeVar("Result")
OnFailure = Callable[[Exception, int], float | Awaitable[float]]
"""Called with the error of a failed round and the number of failures in a row; returns seconds until the next one."""


def cancellation_requested() -> bool:
    """Whether somebody has cancelled the current task, also when that came as another error. Ask it in tasks."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def end_if_cancelled(error: Exception) -> None:
    """End the current task if somebody has cancelled it and the cancellation came as this error.

    Raises:
        asyncio.CancelledError: somebody has.
    """
    if cancellation_requested():
        raise asyncio.CancelledError from error


async def repeat(
    step: Callable[[], Awaitable[object]], *, every_seconds: float = 0.0, failed: OnFailure | None = None
) -> None:
    """Call ``step`` again and again until cancelled; returns only then, and never while it is wanted.

    Args:
        step: One round. Whatever it raises or returns while it is being cancelled ends the loop as cancelled.
        every_seconds: The wait after a round that succeeded.
        failed: What to do with a round's error; without it an error ends the loop and is raised.

    Raises:
        asyncio.CancelledError: somebody cancelled the task.
    """
    failures = 0
    while True:
        try:
            await step()
            failures, seconds = 0, every_seconds
        except Exception as exc:
            if cancellation_requested():
                raise asyncio.CancelledError from exc
            if failed is None:
                raise
            failures += 1
            answer = failed(exc, failures)
            seconds = await answer if isinstance(answer, Awaitable) else answer
        if cancellation_requested():
            raise asyncio.CancelledError
        await asyncio.sleep(seconds)


async def cancel_and_wait(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Cancel tasks and return when all have ended, however; one that swallows its cancellation is cancelled again.

    What they raise while they end is dropped: it looks like the cancellation. Who is cancelled again while waiting here
    still leaves no task behind, which would work with what is closed next.
    """
    ending, cancelled = {task for task in tasks if not task.done()}, None
    while pending := {task for task in ending if not task.done()}:
        for task in pending:
            task.cancel()
        try:
            await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)
        except asyncio.CancelledError as exc:
            cancelled = exc
    for task in ending:
        _looked_at(task)
    if cancelled is not None:
        raise cancelled


async def run_until(event: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Run ``work`` until it ends or ``event`` is set; whether it ended. Otherwise it is cancelled, and has ended then.

    Raises:
        Exception: what ``work`` raises by itself.
    """
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            return False
        working.result()
        return True
    finally:
        await cancel_and_wait([working, waiting])


class LeftBehind:
    """Runs what may be left behind: nobody is held up by work that does not end when it is cancelled.

    Its length is how much is running, also what nobody waits for any more.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    async def result(self, work: Awaitable[Result], seconds: float) -> Result:
        """What ``work`` returns.

        Raises:
            TimeoutError: it takes longer; it is cancelled, and not waited for. So it is if the caller is cancelled.
            Exception: what it raises by itself.
        """
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            raise TimeoutError
        if task.cancelled():
            raise RuntimeError("it has cancelled itself")  # a CancelledError would look like the caller's own
        return task.result()

    def _ended(self, task: "asyncio.Future[Any]") -> None:
        self._tasks.discard(task)
        _looked_at(task)


class Ongoing(Generic[Result]):
    """Work that goes on when nobody waits for it for a while."""

    def __init__(self, work: Awaitable[Result]) -> None:
        self._task = asyncio.ensure_future(work)
        self._task.add_done_callback(_looked_at)

    def result(self) -> Result:
        """What it has returned; raises what it has raised."""
        return self._task.result()

    async def ends(self, seconds: float) -> bool:
        """Whether it has ended, after waiting no longer than this: then `result` is there."""
        return bool((await asyncio.wait({self._task}, timeout=seconds))[0])

    def abandon(self) -> None:
        """End it, and wait for nothing."""
        self._task.cancel()


def _looked_at(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()  # else asyncio reports it as never retrieved


class Shared(Generic[Key, Result]):
    """Does once what several want at the same time. Who waits for it may be cancelled; it is not."""

    def __init__(self) -> None:
        self._under_way: dict[Key, asyncio.Future[Result]] = {}

    def __contains__(self, key: Key) -> bool:
        """Whether the work of that key is under way."""
        return key in self._under_way

    async def result(self, key: Key, begin: Callable[[], Awaitable[Result]]) -> Result:
        """What the work of that key returns or raises, which is begun unless it is under way."""
        if (work := self._under_way.get(key)) is None:
            work = self._under_way[key] = asyncio.ensure_future(begin())
            work.add_done_callback(partial(self._ended, key))
        return await asyncio.shield(work)

    def _ended(self, key: Key, work: "asyncio.Future[Result]") -> None:
        del self._under_way[key]
        _looked_at(work)


class Background:
    """Owns tasks; use as ``async with``. When it is left, every task it started is cancelled and has ended.

    A task that failed before that, by itself, makes the ``async with`` raise its error, unless the block raises one of
    its own: a loop that has died must not go unnoticed. Who wants to know at once waits for `failure`.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: Exception | None = None
        self._failed, self._ending = asyncio.Event(), False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending = True
        await cancel_and_wait(self._tasks)
        if self._failure is not None and error is None:
            raise self._failure

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> "asyncio.Task[None]":
        """Run a coroutine beside everything else; ``name`` is the task's, for whoever looks at a stuck process."""
        if self._ending:
            work.close()
            raise RuntimeError(f"{name} was started when everything had to end")
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def repeat(
        self,
        step: Callable[[], Awaitable[object]],
        *,
        name: str,
        every_seconds: float = 0.0,
        failed: OnFailure | None = None,
    ) -> "asyncio.Task[None]":
        """`repeat` in a task of its own."""
        return self.start(repeat(step, every_seconds=every_seconds, failed=failed), name=name)

    async def failure(self) -> Exception:
        """Return as soon as a task has failed by itself: with its error."""
        await self._failed.wait()
        assert self._failure is not None  # noqa: S101 - the event says so
        return self._failure

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None or self._ending:
            return
        if self._failure is None and isinstance(error, Exception):
            self._failure = error
            self._failed.set()
