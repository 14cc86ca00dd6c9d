"""Log lines that a sender can provoke come at most once in a while per kind, and say how many were left out."""

import time
from collections.abc import Callable

INTERVAL_SECONDS = 10.0


class Throttle:
    """Lets the first of a kind through, then one per `INTERVAL_SECONDS`. Kinds must come from a closed set.

    A flood of forged requests must neither fill the disk nor drown the lines that matter; metrics count them all.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kinds: dict[tuple[str, ...], tuple[float, int]] = {}

    def suppressed(self, *kind: str) -> int | None:
        """How many of the kind were left out since the last one let through; None when this one is left out too."""
        now = self._clock()
        if (seen := self._kinds.get(kind)) is None:
            self._kinds[kind] = (now, 0)
            return 0
        let_through, left_out = seen
        if now - let_through < INTERVAL_SECONDS:
            self._kinds[kind] = (let_through, left_out + 1)
            return None
        self._kinds[kind] = (now, 0)
        return left_out
