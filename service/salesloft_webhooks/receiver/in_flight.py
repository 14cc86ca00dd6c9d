"""What the probes need to know about the deliveries in work."""

import asyncio
from types import TracebackType
from typing import Self


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
        self._started: dict[InFlightDelivery, float] = {}
        self._now = asyncio.get_running_loop().time

    def delivery(self) -> "InFlightDelivery":
        """Around the work on one delivery, as ``with``."""
        return InFlightDelivery(self)

    def begin(self, delivery: "InFlightDelivery") -> None:
        """It is in work from now on."""
        self._started[delivery] = self._now()

    def end(self, delivery: "InFlightDelivery") -> None:
        """It is answered."""
        del self._started[delivery]

    def problem(self) -> str | None:
        """The liveness probe: which age the oldest delivery has reached, if that cannot be."""
        oldest = next(iter(self._started.values()), None)
        if oldest is None or (age := self._now() - oldest) < self.stuck_after_seconds:
            return None
        return f"a delivery is in work for {age:.0f} s, longer than all time-outs together"


class InFlightDelivery:
    """One delivery in work; a class of its own, for a generator would take three times as long."""

    __slots__ = ("_all",)

    def __init__(self, deliveries: InFlightDeliveries) -> None:
        self._all = deliveries

    def __enter__(self) -> Self:
        self._all.begin(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._all.end(self)
