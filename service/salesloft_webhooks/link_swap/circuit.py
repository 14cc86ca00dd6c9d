"""Not asking a swapper that does not answer.

closed    everybody asks; 5 failures in a row within 30 s open it (a success in between begins anew)
open      nobody asks, for 30 s; then the first who would becomes the one who tries
trying    that one asks and nobody else; its success closes the circuit, its failure opens it for another 30 s, and if
          nobody waited for its end, the next one tries

Whoever asked before it opened ends within a budget of 10 s at most, so before anybody tries: an end while somebody
tries is that one's.
"""

import time
from collections import deque
from collections.abc import Callable

FAILURES = 5
SECONDS = 30.0


class Circuit:
    """Whether the swapper may be asked. Every ``True`` of `may_ask` is followed by one of the other verbs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: deque[float] = deque(maxlen=FAILURES)
        self._opened: float | None = None
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether it does not work, as far as we know."""
        return self._opened is not None

    def may_ask(self) -> bool:
        """Whether to ask now."""
        if self._opened is None:
            return True
        if self._trying or self._clock() - self._opened < SECONDS:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """It answered."""
        self._failed.clear()
        self._opened, self._trying = None, False

    def failed(self) -> None:
        """It did not answer, or nothing that can be used."""
        now = self._clock()
        self._failed.append(now)
        if self._opened is not None:
            # Of those that were asked before it opened, none says anything new.
            if self._trying:
                self._opened, self._trying = now, False
        elif len(self._failed) == FAILURES and now - self._failed[0] <= SECONDS:
            self._opened = now

    def gave_up(self) -> None:
        """We did not wait for it: that says nothing."""
        self._trying = False
