"""A warehouse as an archive: which of its events a replay means, read file by file."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from salesloft_webhooks.broker.administration.archived_events import ArchivedEvent, place_of
from salesloft_webhooks.broker.administration.replay import Selection, is_wanted
from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.warehouse.contents import Damaged, folders, table_of_file
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import erased_persons
from salesloft_webhooks.handlers.builtin.warehouse.event_table import ID
from salesloft_webhooks.handlers.builtin.warehouse.layout import type_of
from salesloft_webhooks.handlers.builtin.warehouse.received_order import ReceivedOrder
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile

ROUNDS = 5
"""A compaction or an erasure may delete files while they are read; then those that have their events are looked for."""
ROWS_AT_ONCE = 1_000
CLOCKS_APART = timedelta(hours=1)
"""A file has nothing that was received later than it was written, but for what clocks differ by."""


class Reading(Struct):
    """What was read.

    Attributes:
        files: Files that were read.
        passed_over: Files of other types, or written before the time that is meant: their contents were not looked at.
        erased: Events of erased persons that were in them: nothing of these is taken.
        damaged: Files that are not what their path says: nothing of them is taken.
    """

    files: int = 0
    passed_over: int = 0
    erased: int = 0
    damaged: list[Damaged] = []

    @property
    def empty(self) -> bool:
        """Whether there is no file at all: another folder is meant, perhaps."""
        return not (self.files or self.passed_over or self.damaged)


def read_archive(storage: Storage, selection: Selection, order: ReceivedOrder, *, bodies: bool = True) -> Reading:
    """Add all events that a selection means, but those of persons who are erased when the last file was read.

    Args:
        storage: The warehouse.
        selection: Times are those of receipt, as the store's are in an ordinary replay.
        order: Where to.
        bodies: Whether their data is needed.

    Raises:
        NoRoom: see `ReceivedOrder.add`.
        Unavailable: the storage does not do what is asked, or changes all the time.
    """
    seen: dict[str, bool] = {}  # by path: whether it was there to be read
    reading = Reading()
    for attempt in range(ROUNDS):
        gone = False
        for file in _unseen(storage, seen):
            if not _may_have(file, selection):
                reading.passed_over += 1
            elif not _read(storage, file, selection, order, reading, bodies=bodies):
                seen[file.path], gone = False, True
        # Always a second look: a file that was deleted while it was listed may be in one that the listing had passed.
        if attempt and not gone:
            # After the last file: whoever is erased while they are read is erased.
            reading.erased = order.leave_out(erased_persons(storage))
            order.sort()
            return reading
    raise Unavailable("the warehouse's files change all the time: is a compaction running?", after=60)


def _read(
    storage: Storage, file: StoredFile, selection: Selection, order: ReceivedOrder, reading: Reading, *, bodies: bool
) -> bool:
    """Add what is meant of a file; whether it was there."""
    try:
        table = table_of_file(storage, file)
    except FileNotFoundError:
        return False
    if isinstance(table, Damaged):
        reading.damaged.append(table)
        return True
    reading.files += 1
    for events in _chosen(table, selection, bodies=bodies):
        order.add(events)
    return True


def _unseen(storage: Storage, seen: dict[str, bool]) -> Iterator[StoredFile]:
    """Files that were not met before; they count as met."""
    for files in folders(storage).values():
        for file in files:
            if not seen.get(file.path):
                seen[file.path] = True
                yield file


def _may_have(file: StoredFile, selection: Selection) -> bool:
    if not is_wanted(type_of(file.folder), selection.types):
        return False
    return selection.since is None or file.modified + CLOCKS_APART >= selection.since


def _chosen(table: Any, selection: Selection, *, bodies: bool) -> Iterator[list[ArchivedEvent]]:
    """The events of a file that are meant, a few at a time."""
    narrowed = table.filter(_mask(table, selection))
    if not bodies:
        narrowed = narrowed.drop_columns(["body"])
    for batch in narrowed.to_batches(max_chunksize=ROWS_AT_ONCE):
        yield [_event(row) for row in batch.to_pylist()]


def _mask(table: Any, selection: Selection) -> Any:
    mask = pa.chunked_array([pa.array([True] * table.num_rows, pa.bool_())])
    received = pc.floor_temporal(table.column("received_at"), unit="millisecond")
    if selection.since is not None:
        mask = pc.and_(mask, pc.greater_equal(received, _whole(selection.since)))
    if selection.until is not None:
        mask = pc.and_(mask, pc.less_equal(received, _whole(selection.until)))
    if selection.source:
        mask = pc.and_(mask, pc.equal(table.column("source"), selection.source))
    if selection.person:
        mask = pc.and_(mask, pc.equal(table.column("entity_key"), f"person:{selection.person}"))
    if selection.event_ids:
        mask = pc.and_(mask, pc.is_in(table.column(ID), value_set=pa.array(sorted(selection.event_ids))))
    return mask


def _whole(moment: datetime) -> Any:
    """A time without what the ids of entries, by which an ordinary replay goes, leave out."""
    whole = moment.astimezone(UTC)
    whole -= timedelta(microseconds=whole.microsecond % 1_000)
    return pa.scalar(whole, type=pa.timestamp("us", tz="UTC"))


def _event(row: Mapping[str, Any]) -> ArchivedEvent:
    person = "" if row["person_id"] is None else f"person:{row['person_id']}"
    return ArchivedEvent(
        place_of(row[ID], row["received_at"], row["occurred_at"]),
        row["event_type"],
        row["entity_key"],
        "" if person == row["entity_key"] else person,
        row["source"],
        row["created_at"],
        row.get("body", "").encode(),
    )
