"""Places for those who follow what happens: few, and fairly shared, so that nobody's forgotten tabs shut out others."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from salesloft_webhooks.console.refusals import TooMany

MOST_STREAMS = 50


class StreamPlaces:
    """All places.

    Args:
        counted: Told how many are taken, whenever that changes.
    """

    def __init__(self, counted: Callable[[int], None]) -> None:
        self._counted = counted
        self._taken: dict[str, list[asyncio.Event]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._taken.values()))

    def make_room(self, name: str) -> None:
        """Somebody wants one. When all are taken, the oldest stream of whoever has most ends, unless that is theirs.

        Raises:
            TooMany: nobody has more than they would have.
        """
        if len(self) < MOST_STREAMS:
            return
        theirs = max(self._taken.values(), key=len)
        if len(theirs) <= len(self._taken.get(name, ())) + 1:
            raise TooMany(f"{MOST_STREAMS} pages follow what happens already, and this one has to be reloaded")
        theirs.pop(0).set()

    @contextmanager
    def taken(self, name: str) -> Iterator[asyncio.Event]:
        """Have one; it has to be left when the event is set."""
        over = asyncio.Event()
        self._taken.setdefault(name, []).append(over)
        self._counted(len(self))
        try:
            yield over
        finally:
            if over in (theirs := self._taken.get(name, [])):
                theirs.remove(over)
            if not theirs:
                self._taken.pop(name, None)
            self._counted(len(self))
