"""Counts that take longer than a page may: made beside it, while the page asks again until they are there."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from salesloft_webhooks.background import Ongoing
from salesloft_webhooks.console.programs import wants_json
from salesloft_webhooks.console.refusals import TooMany

Count = TypeVar("Count")

PATIENCE_SECONDS = 0.1
"""So long a page waits for somebody who looks at it; most counts are there by then."""
PROGRAM_SECONDS = 0.5
"""So long a program is kept waiting, which would only ask again."""
AGAIN_SECONDS = 1
"""After so long the page asks for itself again."""
LEFT_SECONDS = 15.0
"""Whoever has not asked for so long has left."""
AT_ONCE = 5
"""Of one process."""


@dataclass(slots=True)
class _Counting:
    work: Ongoing[Any]
    asked: float


class Countings:
    """All of them. A count is given out once: who looks again later has it made anew.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way: dict[str, _Counting] = {}

    async def result(self, request: Request, key: str, count: Callable[[], Awaitable[Count]]) -> Count | None:
        """What the count of this key has found, which is begun unless it is under way; None: not yet.

        Args:
            request: Of whoever waits for it.
            key: What is counted.
            count: Counts it.

        Raises:
            TooMany: as many as may be are under way.
            Exception: what the count raises.
        """
        self._forget_left()
        if (counting := self._under_way.get(key)) is None:
            if len(self._under_way) >= AT_ONCE:
                raise TooMany(f"{AT_ONCE} counts are under way already")
            counting = self._under_way[key] = _Counting(Ongoing(count()), self._clock())
        ended = await counting.work.ends(PROGRAM_SECONDS if wants_json(request) else PATIENCE_SECONDS)
        counting.asked = self._clock()
        if not ended:
            return None
        self._under_way.pop(key, None)
        found: Count = counting.work.result()
        return found

    def _forget_left(self) -> None:
        left = self._clock() - LEFT_SECONDS
        for key in [key for key, counting in self._under_way.items() if counting.asked < left]:
            self._under_way.pop(key).work.abandon()
