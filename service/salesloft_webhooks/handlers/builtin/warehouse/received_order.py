"""Rows in the order in which they were received: sorted on disk, for there may be more of them than memory."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from salesloft_webhooks.broker.administration.archived_events import ArchivedEvent, Place
from salesloft_webhooks.errors import SalesloftWebhooksError

MEMORY_KIB = 32_768
"""Of the database's pages that stay in memory."""
_COLUMNS = "received, happened, event_id, type, entity, person, source, created, body"
_LATER = "WHERE (received, happened, event_id) > (?, ?, ?)"


class NoRoom(SalesloftWebhooksError):
    """The temporary folder cannot take what is to be sorted."""


class ReceivedOrder:
    """Events without repeats, in the order of their places; use as ``with``.

    They lie in a temporary file that has no name, and that is gone with the process, however that ends.
    """

    def __init__(self) -> None:
        # The empty name is SQLite's for such a file. One thread after the other uses it, never two at once.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute(f"PRAGMA cache_size = -{MEMORY_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"CREATE TABLE events ({_COLUMNS}, PRIMARY KEY (event_id))")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, events: Iterable[ArchivedEvent]) -> None:
        """Add events; of an event that comes again, what was received first counts.

        Raises:
            NoRoom: the temporary folder is full.
        """
        rows = (
            (
                each.place.received_us,
                each.place.happened_us,
                each.event_id,
                each.event_type,
                each.entity_key,
                each.person_key,
                each.source,
                each.created_at,
                each.data,
            )
            for each in events
        )
        marks = ", ".join("?" * len(_COLUMNS.split(",")))
        replaced = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ") if name != "event_id")
        with _translated():
            self._database.execute("BEGIN")
            self._database.executemany(
                f"INSERT INTO events VALUES ({marks}) ON CONFLICT (event_id) DO UPDATE SET {replaced} "  # noqa: S608
                "WHERE (excluded.received, excluded.happened) < (events.received, events.happened)",
                rows,
            )
            self._database.execute("COMMIT")

    def leave_out(self, persons: Iterable[int]) -> int:
        """Have no event that concerns some persons, or is ordered by one of them; how many there were.

        Raises:
            NoRoom: the temporary folder is full.
        """
        with _translated():
            self._database.execute("CREATE TEMP TABLE erased (key PRIMARY KEY)")
            keys = ((f"person:{person}",) for person in persons)
            self._database.executemany("INSERT INTO erased VALUES (?)", keys)
            theirs = "entity IN (SELECT key FROM erased) OR person IN (SELECT key FROM erased)"
            return self._database.execute(f"DELETE FROM events WHERE {theirs}").rowcount  # noqa: S608

    def sort(self) -> None:
        """Make it quick to read; after that nothing is added.

        Raises:
            NoRoom: the temporary folder is full.
        """
        with _translated():
            self._database.execute("CREATE INDEX by_place ON events (received, happened, event_id)")

    def count(self, behind: Place) -> dict[str, int]:
        """How many events of each type lie behind a place."""
        found = self._database.execute(
            f"SELECT type, count(*) FROM events {_LATER} GROUP BY type",  # noqa: S608 - no text of others
            _values(behind),
        )
        return dict(found)

    def lacking(self, event_ids: Iterable[str]) -> list[str]:
        """Those of some ids that no event has, in their alphabetical order."""
        known = "SELECT count(*) FROM events WHERE event_id = ?"
        return [each for each in sorted(event_ids) if not self._database.execute(known, (each,)).fetchone()[0]]

    def batches(self, behind: Place, size: int) -> Iterator[list[ArchivedEvent]]:
        """All that lies behind a place, so many at a time; they may be left in between."""
        while True:
            found = self._database.execute(
                f"SELECT {_COLUMNS} FROM events {_LATER} ORDER BY received, happened, event_id LIMIT ?",  # noqa: S608
                (*_values(behind), size),
            )
            events = [ArchivedEvent(Place(*row[:3]), *row[3:]) for row in found]
            if not events:
                return
            yield events
            behind = events[-1].place


def _values(place: Place) -> tuple[int, int, str]:
    return place.received_us, place.happened_us, place.event_id


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as exc:
        problem = f"the temporary folder (TMPDIR) cannot take what is to be sorted: {exc}"
    else:
        return
    raise NoRoom(problem)
