"""Time-outs that are all equally long, under one timer.

`asyncio.timeout` makes, moves and cancels a timer for each wait: 6 to 12 us of a delivery that is stored within two
milliseconds. Where every wait has the same time, the one that began first also ends first, so a queue and one timer
for its head do.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any


class Deadlines:
    """Ends futures that take too long.

    Args:
        seconds: How long each may take.
        error: Makes the exception that one ends with when it has taken longer.
    """

    def __init__(self, seconds: float, error: Callable[[], Exception]) -> None:
        self._seconds = seconds
        self._error = error
        self._watched: deque[tuple[float, asyncio.Future[Any]]] = deque()  # by their end, the next one first
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def watch(self, future: asyncio.Future[Any]) -> None:
        """Let the future be done within the time, or end with the error."""
        watched = self._watched
        while watched and watched[0][1].done():
            watched.popleft()
        watched.append((self._loop.time() + self._seconds, future))
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def end(self) -> None:
        """End what is not done by now: nobody will complete it any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._watched:
            self._fail(self._watched.popleft()[1])

    def _look(self) -> None:
        """End what is over its time, and look again when the next one may be."""
        self._timer = None
        now = self._loop.time()
        while self._watched and (self._watched[0][0] <= now or self._watched[0][1].done()):
            self._fail(self._watched.popleft()[1])
        if self._watched:
            self._timer = self._loop.call_at(self._watched[0][0], self._look)

    def _fail(self, future: asyncio.Future[Any]) -> None:
        if not future.done():
            future.set_exception(self._error())
