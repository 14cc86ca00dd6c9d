"""How far a resource has been read, and what its next window is. No I/O.

The cursor follows the rows that were seen, never a clock. What is read again before it, the overlap, is there for
changes that became visible later than their time says: slow transactions, and rows of one time in another order.
"""

from datetime import datetime, timedelta

from msgspec import Struct

MEMORY_MARGIN = timedelta(hours=1)
"""So much earlier than ids are forgotten, what was handled then is not read again."""


class TooOld(Exception):
    """What is to be read was handled so long ago that nobody remembers it: it would be handled a second time."""


class Rules(Struct, frozen=True):
    """How windows are cut.

    Attributes:
        settle: What changed so lately is left alone: its webhook may still be under way.
        overlap: How much before the cursor is read again.
        memory: How long event ids are remembered.
    """

    settle: timedelta
    overlap: timedelta
    memory: timedelta


class Progress(Struct, frozen=True):
    """How far a resource has been read. All times are SalesLoft's.

    Attributes:
        began: Nothing earlier is looked at.
        cursor: What changed before has been handed over and is durable.
        reached: Until when nothing was left to read, at the latest look.
    """

    began: datetime
    cursor: datetime
    reached: datetime

    @classmethod
    def beginning(cls, at: datetime) -> "Progress":
        """From a time on."""
        return cls(at, at, at)

    def window(self, now: datetime, rules: Rules) -> tuple[datetime, datetime] | None:
        """What to read next, from and until; None: nothing yet.

        Raises:
            TooOld: it cannot be read any more without doing things twice.
        """
        remembered = oldest_remembered(now, rules)
        if max(self.cursor, self.reached) < remembered:
            raise TooOld
        since = max(self.began, self.cursor - rules.overlap, remembered)
        until = now - rules.settle
        return (since, until) if since < until else None

    def created_since(self, now: datetime, rules: Rules) -> datetime:
        """What was created before is not told of as new: it was before our time, or nobody remembers whether it was."""
        return max(self.began, oldest_remembered(now, rules))

    def moved(self, position: datetime) -> "Progress":
        """With the cursor at a position, if that is further."""
        return Progress(self.began, max(self.cursor, position), self.reached)

    def read_until(self, until: datetime) -> "Progress":
        """With nothing left to read until then."""
        return Progress(self.began, self.cursor, max(self.reached, until))


def oldest_remembered(now: datetime, rules: Rules) -> datetime:
    """Since when it is known what was handled."""
    return now - rules.memory + min(MEMORY_MARGIN, rules.memory / 2)
