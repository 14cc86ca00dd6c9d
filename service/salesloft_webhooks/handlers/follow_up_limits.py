"""What one attempt may ask for, counted alike in workers and in the test kit."""

import asyncio

from salesloft_webhooks.errors import FollowUpRefused
from salesloft_webhooks.follow_ups import ASKED_MOST, ATTEMPT_BYTES, ENDED_MOST, Wanted

ATTEMPT_OVER = "the attempt is over: nobody would ask again if this were lost"


class FollowUpLimits:
    """Of one attempt.

    Args:
        tasks: The names that the group's routers have; None: nobody knows which there will be.
    """

    def __init__(self, tasks: frozenset[str] | None) -> None:
        self._tasks = tasks
        self._asked = self._ended = self._bytes = 0

    def ask(self, wanted: Wanted) -> None:
        """One more is asked for.

        Raises:
            FollowUpRefused: there can be none.
        """
        if wanted.debounced:
            return  # nothing that the handlers have done
        if wanted.task and self._tasks is not None and wanted.task not in self._tasks:
            raise FollowUpRefused("task=...: no router of the group has a task of this name")
        self._asked += 1
        if self._asked > ASKED_MOST:
            raise FollowUpRefused(f"more than {ASKED_MOST} follow-ups were asked for in one attempt")

    def store(self, size: int) -> None:
        """It takes so many bytes.

        Raises:
            FollowUpRefused: with the others of the attempt that is too much.
        """
        self._bytes += size
        if self._bytes > ATTEMPT_BYTES:
            raise FollowUpRefused(f"the follow-ups of one attempt are more than {ATTEMPT_BYTES} bytes to store")

    def end(self) -> None:
        """One more is cancelled.

        Raises:
            FollowUpRefused: these are too many.
        """
        self._ended += 1
        if self._ended > ENDED_MOST:
            raise FollowUpRefused(f"more than {ENDED_MOST} follow-ups were cancelled in one attempt")


def check_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Whether the caller runs in an event loop, and not in a thread beside it.

    Raises:
        FollowUpRefused: it does not.
    """
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is not loop:
        raise FollowUpRefused("follow-ups are asked for in the worker's event loop: by an `async def`")
