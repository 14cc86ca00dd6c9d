"""What can be ordered to go wrong."""

from collections import deque
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
    TRICKLE = "trickle"
    """An answer that begins and never ends."""
    RESET = "reset"
    """The connection is closed without an answer, and it was done."""
    EMPTY = "empty"
    """A list without rows, by mistake."""
    WRONG_DATE = "wrong_date"
    """The clock in the `Date` header is an hour ahead."""
    SPENT = "spent"
    """429, as if others had used up the rate limit."""
    DROPPED = "dropped"
    """A change is sent to no subscription (of deliveries only)."""


@dataclass
class _Order:
    fault: Fault
    path: str
    method: str
    times: int


class Faults:
    """Those that are ordered and not used up."""

    def __init__(self) -> None:
        self._orders: deque[_Order] = deque()

    def order(self, fault: Fault, *, path: str = "", method: str = "", times: int = 1) -> None:
        """Let the next requests fail.

        Args:
            fault: How.
            path: Only those whose path begins so; for `Fault.DROPPED` the event's name.
            method: Only those of this method.
            times: So many; then all is well again.
        """
        self._orders.append(_Order(fault, path, method, times))

    @property
    def left(self) -> int:
        """How many requests are still to fail."""
        return sum(order.times for order in self._orders)

    def next(self, path: str, method: str = "", *, among: frozenset[Fault] = frozenset(Fault)) -> Fault | None:
        """What goes wrong with a request, which uses it up; None: nothing."""
        for order in self._orders:
            if order.fault in among and path.startswith(order.path) and order.method in ("", method):
                order.times -= 1
                if order.times <= 0:
                    self._orders.remove(order)
                return order.fault
        return None
