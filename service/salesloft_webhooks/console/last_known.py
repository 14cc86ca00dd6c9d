"""What pages showed last, for the time in which the store is away."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from salesloft_webhooks.console.routes import View

PAGES = 64
KEPT_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Known:
    """What a page showed.

    Attributes:
        view: That.
        at: When, in Unix time by the store's clock.
    """

    view: View
    at: float


class LastKnown:
    """The latest view of each address, of the addresses that were looked at last.

    Only what is masked, and the same for everybody: a view that is not says so (``once``).

    Args:
        now: Unix time.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._views: OrderedDict[str, Known] = OrderedDict()

    def keep(self, address: str, view: View) -> None:
        """This is what the address shows now."""
        if view.once or view.status != 200:
            return
        self._views[address] = Known(view, self._now())
        self._views.move_to_end(address)
        while len(self._views) > PAGES:
            self._views.popitem(last=False)

    def of(self, address: str) -> Known | None:
        """What it showed last, unless that is too long ago."""
        known = self._views.get(address)
        if known is None or self._now() - known.at > KEPT_SECONDS:
            return None
        return known
