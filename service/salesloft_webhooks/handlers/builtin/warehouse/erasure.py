"""Rows of one person, or of many, out of all files."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.contents import Damaged
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import erased_persons, record_erased
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage

TRIES = 5
"""What workers and other compactions write meanwhile is looked at again, so often at most."""


class Erasure(Struct):
    """What was done.

    Attributes:
        rows: Rows of erased persons that are gone, copies of an event counted each.
        complete: Whether the last look found none, and every file could be read.
        damaged: Files that could not be read: nobody knows whether any of the persons is in them.
        changed: Folders that somebody else changed meanwhile.
    """

    rows: int = 0
    complete: bool = False
    damaged: list[Damaged] = []
    changed: list[str] = []


def erase_persons(storage: Storage, persons: Iterable[int], *, grace: timedelta, now: datetime, typed: bool) -> Erasure:
    """Have nothing of some persons stay, now and in whatever is written later.

    Files are read once for all of them together. May be repeated, also with others, and goes on where it ended.

    Args:
        storage: The warehouse.
        persons: Their ids in SalesLoft.
        grace: Of the compaction that this is, for files without rows of theirs.
        now: The time, with a zone.
        typed: Whether typed tables are made.

    Raises:
        Unavailable: the storage does not do what is asked; what was done until then holds, and compactions go on.
    """
    for person in sorted({*persons} - erased_persons(storage)):
        record_erased(storage, person, now)
    result = Erasure()
    for _ in range(TRIES):
        done = compact(storage, grace=grace, now=now, typed=typed)
        result.rows += done.erased
        result.damaged, result.changed = done.damaged, done.changed
        if done.complete and not done.erased:
            result.complete = True
            break
    return result
