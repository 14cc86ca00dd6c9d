"""How often one person may act: whoever presses faster is a script that has gone wrong, or somebody else's.

Counted in each console for itself: two of them let through twice as much.
"""

import time
from collections import deque
from collections.abc import Callable

from salesloft_webhooks.console.people import Person
from salesloft_webhooks.console.refusals import TooOften

WINDOW_SECONDS = 60.0
PEOPLE = 1_000
"""Remembered at most; who has not acted for longest is forgotten first."""


class ActionRate:
    """Counts.

    Args:
        per_minute: How often each person may do something.
        bulk_per_minute: How often something that concerns many events at once.
        clock: Monotonic seconds.
    """

    def __init__(self, per_minute: int, bulk_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = {False: per_minute, True: bulk_per_minute}
        self._clock = clock
        self._done: dict[tuple[str, bool], deque[float]] = {}
        self._told: set[tuple[str, bool]] = set()

    def count(self, person: Person, *, bulk: bool) -> None:
        """They do something.

        Raises:
            TooOften: they have done as much as they may for now.
        """
        now, limit, key = self._clock(), self._limits[bulk], (person.name, bulk)
        times = self._done.pop(key, deque[float]())
        while times and now - times[0] >= WINDOW_SECONDS:
            times.popleft()
        self._done[key] = times  # behind all others
        if len(self._done) > PEOPLE:
            forgotten = next(iter(self._done))
            del self._done[forgotten]
            self._told.discard(forgotten)
        if len(times) >= limit:
            seconds = times[0] + WINDOW_SECONDS - now
            what = "bulk actions" if bulk else "actions"
            told = key in self._told
            self._told.add(key)
            raise TooOften(f"One person may do {limit} {what} a minute: try again in {seconds:.0f} s", repeated=told)
        self._told.discard(key)
        times.append(now)
