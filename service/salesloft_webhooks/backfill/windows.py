"""How a window of time is read from a list that changes meanwhile, without a row being passed over. No I/O.

A window asks for one page at a time (`ask`), is shown it (`read`), and says which rows may be handed over now and up to
which time everything has been. It always asks for the first page from a time on, which is one picture of the list and
costs one unit. The last time on a full page may go on behind its edge, so its rows are left for the next request.

**Ties.** A bulk change gives many rows one time. Where a whole page has one, the following pages are read until the
time is another one, and then all of them once more, from the last to the first: a row that is changed meanwhile leaves
the tie, and those behind it move towards the first page. Read in that direction, they can come twice, but none is
missed.

**Unfiltered** lists are read from the newest row on until the window's beginning. There a change puts a row in front
and moves the others towards the last page, so that reading in that direction misses none either (a deletion moves them
the other way: what that hides is found by the next rounds, in their overlap). The rows are handed over at the end, the
oldest first.

**The end.** Everything is handed over up to the newest row that was seen, not up to the end that was asked for: a wrong
clock, or an answer that is empty by mistake, moves no cursor. Where an empty page would say that there is nothing
behind what was read, it is asked for a second time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from msgspec import Struct

from salesloft_webhooks.errors import SalesloftWebhooksError
from salesloft_webhooks.salesloft import Direction, Row
from salesloft_webhooks.timestamps import parse_timestamp

MICROSECOND = timedelta(microseconds=1)
DEEPEST_PAGE = 500
"""Fifty thousand rows of one time. Beyond it a page costs thirty units, a twentieth of what all have in a minute."""
MOST_NEWEST_PAGES = 100
"""Of an unfiltered list: ten thousand rows are held until the last of them is read."""


class UnreliableList(SalesloftWebhooksError):
    """A list does not do what it was asked for, so that rows would be passed over unseen. Its cursor must not move."""


class Ask(Struct, frozen=True):
    """The page that is to be read next.

    Attributes:
        since: Rows that changed then or later; None: the list cannot be asked for that.
        until: And before; likewise.
        direction: Which row comes first.
        page: Its number.
    """

    since: datetime | None
    until: datetime | None
    direction: Direction
    page: int


class Step(Struct, frozen=True):
    """What a page has brought.

    Attributes:
        rows: To be handed over now, in this order.
        position: When they are, everything before this time has been; None: nothing new can be said yet.
        ended: Whether the window has been read to its end.
        cut: Whether a tie was given up: there may be rows of its time that were not seen.
    """

    rows: tuple[Row, ...]
    position: datetime | None = None
    ended: bool = False
    cut: bool = False


class Window(Protocol):
    """What reads a window."""

    @property
    def ask(self) -> Ask:
        """The page that is to be read next."""

    def read(self, rows: Sequence[Row], next_page: int | None) -> Step:
        """What that page has brought.

        Raises:
            UnreliableList: it is not what was asked for.
        """


class FilteredWindow:
    """Reads a list that can be asked for a span of time, from the oldest row on.

    Args:
        since: Its beginning.
        until: Its end; rows of this time are not in it.
        sceptical: Also a first page without rows is asked for a second time: nobody comes back to this window later.
    """

    def __init__(self, since: datetime, until: datetime, *, sceptical: bool = False) -> None:
        self._position, self._until = since, until
        self._page = 1
        self._tie: datetime | None = None
        self._down = False
        self._cut = False
        self._sceptical = sceptical
        self._doubted = False

    @property
    def ask(self) -> Ask:
        """See `Window`."""
        return Ask(self._position, self._until, Direction.ASCENDING, self._page)

    def read(self, rows: Sequence[Row], next_page: int | None) -> Step:
        """See `Window`."""
        times = [time for _, time in _timed(rows)]
        if any(later < earlier for earlier, later in pairwise(times)):
            raise UnreliableList("the list is not sorted by the time of the last change")
        if times and (times[0] < self._position or times[-1] >= self._until):
            raise UnreliableList("the list has rows that were not asked for: its filter has no effect")
        if not rows and not self._doubted and (self._sceptical or self._page > 1):
            self._doubted = True
            return Step(())
        self._doubted = False
        if self._tie is not None:
            return self._read_tie(self._tie, rows, next_page)
        if next_page is None or not rows:
            return self._read_last(rows, times)
        if not times:
            raise UnreliableList("a whole page of the list has no time of the last change")
        if times[0] == times[-1]:
            self._tie, self._page = times[0], 2
            return Step(tuple(rows))
        self._position = times[-1]
        return Step(tuple(_before(rows, times[-1])), times[-1])

    def _read_last(self, rows: Sequence[Row], times: Sequence[datetime]) -> Step:
        self._position = times[-1] + MICROSECOND if times else self._position
        return Step(tuple(rows), self._position if times else None, ended=True)

    def _read_tie(self, tie: datetime, rows: Sequence[Row], next_page: int | None) -> Step:
        handed_over = tuple(_before(rows, tie + MICROSECOND))
        if not self._down:
            goes_on = bool(rows) and next_page is not None and len(handed_over) == len(rows)
            if goes_on and self._page < DEEPEST_PAGE:
                self._page += 1
                return Step(handed_over)
            self._down, self._cut = True, goes_on
        self._page -= 1
        if self._page >= 1:
            return Step(handed_over)
        self._position, self._page, self._tie, self._down = tie + MICROSECOND, 1, None, False
        return Step(handed_over, self._position, cut=self._cut)


class NewestFirstWindow:
    """Reads a list that can only be sorted, from the newest row on.

    Args:
        since: Its beginning.
        until: Its end; rows of this time are not in it.
    """

    def __init__(self, since: datetime, until: datetime) -> None:
        self._since, self._until = since, until
        self._page = 1
        self._held: list[tuple[Row, datetime]] = []
        self._doubted = False

    @property
    def ask(self) -> Ask:
        """See `Window`."""
        return Ask(None, None, Direction.DESCENDING, self._page)

    def read(self, rows: Sequence[Row], next_page: int | None) -> Step:
        """See `Window`."""
        if not rows and not self._doubted:
            self._doubted = True
            return Step(())
        self._doubted = False
        timed = list(_timed(rows))
        times = [time for _, time in timed]
        if any(earlier < later for earlier, later in pairwise(times)):
            raise UnreliableList("the list is not sorted by the time of the last change")
        self._held += [(row, time) for row, time in timed if self._since <= time < self._until]
        # Rows without a time come last, so where one is, all that have one have been read.
        if next_page is None or len(timed) < len(rows) or not rows or times[-1] < self._since:
            self._held.sort(key=lambda held: held[1])
            position = self._held[-1][1] + MICROSECOND if self._held else None
            return Step(tuple(row for row, _ in self._held), position, ended=True)
        if self._page >= MOST_NEWEST_PAGES:
            raise UnreliableList(f"too much has changed: the list was read to page {self._page} in vain")
        self._page += 1
        return Step(())


def _timed(rows: Sequence[Row]) -> Iterator[tuple[Row, datetime]]:
    for row in rows:
        if (time := time_of(row)) is not None:
            yield row, time


def _before(rows: Sequence[Row], time: datetime) -> Iterator[Row]:
    """The rows before a time; those without one stay where they are, at the beginning or the end."""
    for row in rows:
        its = time_of(row)
        if its is None or its < time:
            yield row


def time_of(row: Row) -> datetime | None:
    """The time of a row's last change, to the microsecond; None if it has none."""
    return parse_timestamp(row.updated_at)
