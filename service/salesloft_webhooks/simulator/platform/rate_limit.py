"""The team's rate limit: so many units in each minute of SalesLoft's clock."""

from collections.abc import Callable

DEEP_PAGES = {range(101, 151): 3, range(151, 251): 8, range(251, 501): 10}
DEEPEST = 30


def price(page: int) -> int:
    """What a page of a list costs, by its number."""
    if page <= 100:
        return 1
    return next((cost for pages, cost in DEEP_PAGES.items() if page in pages), DEEPEST)


class RateLimit:
    """What is left.

    Args:
        per_minute: Units a minute.
        minute_seconds: How long that is.
        clock: Seconds.

    Attributes:
        spent: Units taken in all, since the beginning.
        refused: Requests for which there were too few.
        most: The most that were taken in one minute.
    """

    def __init__(self, per_minute: int, minute_seconds: float, clock: Callable[[], float]) -> None:
        self._per_minute, self._minute_seconds, self._clock = per_minute, minute_seconds, clock
        self._minute = -1
        self._left = per_minute
        self.spent = 0
        self.refused = 0
        self.most = 0

    def follow(self, clock: Callable[[], float]) -> None:
        """Count minutes by another clock from now on."""
        self._clock = clock

    @property
    def left(self) -> int:
        """Units that are left in this minute."""
        minute = int(self._clock() // self._minute_seconds)
        if minute != self._minute:
            self._minute, self._left = minute, self._per_minute
        return self._left

    def take(self, cost: int) -> bool:
        """Take units; False: there are too few, and none was taken."""
        if self.left < cost:
            self.refused += 1
            return False
        self._left -= cost
        self.spent += cost
        self.most = max(self.most, self._per_minute - self._left)
        return True

    def use_up(self) -> None:
        """Another integration of the team takes all that is left."""
        self._left -= self.left

    @property
    def seconds_to_next(self) -> float:
        """Until the next minute begins."""
        return self._minute_seconds - self._clock() % self._minute_seconds
