"""What the probes need to know about the deliveries in work."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class InFlightDeliveries:
    """The deliveries in work, oldest first.

    Everything a delivery waits for has a time-out, so one that is in work for much longer than all of them together
    is stuck in a way that only a restart mends. That is all liveness asks: a store that is down is no reason.

    Args:
        stuck_after_seconds: The age from which a delivery counts as stuck.

    Attributes:
        draining: The process is about to end: no new traffic, please.
    """

    def __init__(self, *, stuck_after_seconds: float) -> None:
        self.stuck_after_seconds = stuck_after_seconds
        self.draining = False
        self._started: dict[object, float] = {}
        self._now = asyncio.get_running_loop().time

    @contextmanager
    def delivery(self) -> Iterator[None]:
        """Around the work on one delivery."""
        token = object()
        self._started[token] = self._now()
        try:
            yield
        finally:
            del self._started[token]

    def problem(self) -> str | None:
        """The liveness probe: which age the oldest delivery has reached, if that cannot be."""
        oldest = next(iter(self._started.values()), None)
        if oldest is None or (age := self._now() - oldest) < self.stuck_after_seconds:
            return None
        return f"a delivery is in work for {age:.0f} s, longer than all time-outs together"
