"""What can be ordered to go wrong."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One way to fail."""

    HTML = "html"
    """200 with a page for people, as a proxy or a login has it."""
    HALF = "half"
    """200 with half of the JSON."""
    ERROR = "error"
    """500; nothing was done."""
    ERROR_AFTER = "error_after"
    """500, and it was done all the same."""
    HANG = "hang"
    """No answer at all; nothing was done."""
    SLOW = "slow"
    """The right answer, but only after `Ordered.wait_seconds`."""
    TRICKLE = "trickle"
    """An answer that begins and never ends."""
    RESET = "reset"
    """The connection is closed without an answer, and it was done."""
    EMPTY = "empty"
    """A list without rows, by mistake."""
    WRONG_DATE = "wrong_date"
    """The clock in the `Date` header is an hour ahead."""
    REVOKED = "revoked"
    """401, as if the token had been revoked."""
    FORBIDDEN = "forbidden"
    """403, as if the token's scope were too small."""
    SPENT = "spent"
    """429, as if others had used up the rate limit; it says to wait for `Ordered.wait_seconds`, if these are given."""
    DROPPED = "dropped"
    """A change is sent to no subscription (of deliveries only)."""


@dataclass
class Ordered:
    """One order.

    Attributes:
        fault: How to fail.
        path: Only requests whose path begins so; for `Fault.DROPPED` the event's name.
        method: Only requests of this method.
        times: So many are still to fail; None: all, until it ends.
        ends: When, by the platform's clock; None: when they are used up.
        wait_seconds: Of `Fault.SLOW` and `Fault.SPENT`.
    """

    fault: Fault
    path: str = ""
    method: str = ""
    times: int | None = 1
    ends: float | None = None
    wait_seconds: float = 0.0


class Faults:
    """Those that are ordered and not used up.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._orders: deque[Ordered] = deque()

    def order(
        self,
        fault: Fault,
        *,
        path: str = "",
        method: str = "",
        times: int = 1,
        during_seconds: float | None = None,
        wait_seconds: float = 0.0,
    ) -> None:
        """Let the next requests fail: ``times`` of them, or all of the next ``during_seconds``. See `Ordered`."""
        ends = None if during_seconds is None else self._clock() + during_seconds
        self._orders.append(Ordered(fault, path, method, times if ends is None else None, ends, wait_seconds))

    @property
    def orders(self) -> list[Ordered]:
        """What is still to go wrong."""
        now = self._clock()
        self._orders = deque(each for each in self._orders if each.ends is None or now < each.ends)
        return list(self._orders)

    @property
    def left(self) -> int:
        """How many requests are still to fail, of orders that are counted."""
        return sum(order.times or 0 for order in self.orders)

    def clear(self) -> None:
        """All is well again."""
        self._orders.clear()

    def next(self, path: str, method: str = "", *, among: frozenset[Fault] = frozenset(Fault)) -> Ordered | None:
        """What goes wrong with a request, which uses it up; None: nothing."""
        for order in self.orders:
            if order.fault in among and path.startswith(order.path) and order.method in ("", method):
                if order.times is not None:
                    order.times -= 1
                    if order.times <= 0:
                        self._orders.remove(order)
                return order
        return None
