"""Plain functions as handlers: they run in threads, so that what blocks them blocks nobody else.

A thread cannot be ended from outside. So an attempt whose time is over, or that is to end, waits for its function all
the same, and keeps its slot and its lease meanwhile: were it over sooner, the event's next attempt would run beside it.
Who waits too long is found out by the liveness probe, as with a coroutine that does not give in.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from salesloft_webhooks.handlers.held_permit import HELD


class HandlerThreads:
    """The threads of one worker's handlers, made when they are needed.

    Args:
        most: How many run at once: as many as there are slots, so that no attempt waits for another.
    """

    def __init__(self, most: int) -> None:
        self._executor = ThreadPoolExecutor(most, thread_name_prefix="handler")

    async def run(self, call: Callable[[], object]) -> object:
        """What ``call`` returns or raises, in a thread with the current context; ends when that has, whatever comes.

        Raises:
            asyncio.CancelledError: the caller was cancelled, and the call has ended, or the caller was cancelled again.
        """
        running = asyncio.get_running_loop().run_in_executor(self._executor, copy_context().run, _contained, call)
        running.add_done_callback(_looked_at)
        if (permit := HELD.get()) is not None:
            permit.hold_until(running)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait({running})
            raise

    def close(self) -> None:
        """Nothing more begins; what runs is left alone."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _contained(call: Callable[[], object]) -> object:
    try:
        return call()
    except StopIteration as exc:  # no future can carry it
        raise RuntimeError("the handler raised StopIteration") from exc


def _looked_at(ended: "asyncio.Future[object]") -> None:
    if not ended.cancelled():
        ended.exception()  # else asyncio reports it as never retrieved where the caller has left
