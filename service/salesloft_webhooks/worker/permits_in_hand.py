"""The permits that one loop was given: in hand until attempts begin with them, and unused when none does.

given -> in hand -> begun -> (the limit of a handler refuses the event: nothing has begun after all) -> unused -> said
                 -> (nothing was there to begin) -> unused -> said

What is unused is said with the loop's next call, by the grant that gave it: only so the store can tell how much of it
the rate would have brought anyway (``lua/include/rate_bucket.lua``). What is lost with that call is spent.
"""

import time
from collections import Counter
from collections.abc import Mapping

from salesloft_webhooks.broker.group_limits import Permits


class PermitsInHand:
    """Those of one loop.

    Attributes:
        count: How many attempts may begin with what is in hand.
    """

    def __init__(self) -> None:
        self.count = 0
        self._grant = 0
        self._asked = 0.0
        self._unused = Counter[int]()

    @property
    def grant(self) -> int:
        """The number of the grant that gave them; 0: there are none, or no rate was asked."""
        return self._grant if self.count else 0

    @property
    def some_unused(self) -> bool:
        """Whether there is something to give back."""
        return bool(self._unused)

    def receive(self, permits: Permits, asked: float) -> None:
        """The answer to a call that was made at this monotonic time; what was in hand is laid aside before."""
        self.count, self._grant, self._asked = permits.count, permits.grant, asked

    def are_older_than(self, seconds: float) -> bool:
        """Whether there are some that were asked for so long ago."""
        return self.count > 0 and time.monotonic() - self._asked > seconds

    def begun(self, attempts: int) -> None:
        """Attempts have begun."""
        self.count = max(0, self.count - attempts)

    def not_begun(self, grant: int) -> None:
        """Of an attempt that was counted as begun, nothing has."""
        self._unused[grant] += 1

    def lay_aside(self) -> None:
        """Nothing begins with what is in hand."""
        if self.count:
            self._unused[self._grant] += self.count
            self.count = 0

    def unused(self) -> Mapping[int, int]:
        """What to give back, by grant; asked right before that is said."""
        unused, self._unused = self._unused, Counter()
        return unused
