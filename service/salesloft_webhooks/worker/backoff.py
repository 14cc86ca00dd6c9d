"""When to try again."""

import random

from msgspec import Struct


class Backoff(Struct, frozen=True):
    """Exponential back-off with full jitter: the delay is uniform between zero and a bound that doubles.

    Full jitter spreads retries after an outage best (Marc Brooker, "Exponential Backoff And Jitter", AWS 2015).

    Attributes:
        base_seconds: The bound of the first delay.
        cap_seconds: The bound never exceeds this.
    """

    base_seconds: float
    cap_seconds: float

    def delay_seconds(self, attempt: int) -> float:
        """The delay after the given attempt (1 is the first)."""
        # 2**60 seconds are beyond any cap; without the limit, attempt 2,000 would overflow a float.
        bound = min(self.cap_seconds, self.base_seconds * 2.0 ** min(attempt - 1, 60))
        return random.uniform(0.0, bound)  # noqa: S311 - spreading load, not hiding anything
