"""Whether the files of the typed tables are what they should be: each says what the file of events of its name says."""

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.contents import Damaged, folders_below, named_files
from salesloft_webhooks.handlers.builtin.warehouse.event_table import ID, rows_about
from salesloft_webhooks.handlers.builtin.warehouse.layout import (
    TYPED,
    is_name_of,
    type_of,
    typed_beginning,
    typed_manifest,
    typed_path,
)
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile
from salesloft_webhooks.handlers.builtin.warehouse.typed_columns import OF_EVENT, schema_of, typed_table
from salesloft_webhooks.handlers.builtin.warehouse.typed_tables import (
    ROWS_AT_ONCE,
    TABLES,
    TypedTable,
    table_of_type,
)

_TABLES = {table.name: table for table in TABLES.values()}


class TypedCheck(Struct):
    """What was found.

    Attributes:
        files: Parquet files of typed tables.
        rows: Rows that the tables' manifests count.
        behind: Files of events that count in the manifest of events and not in a table's, or the other way round.
        erasable: Rows of erased persons, which go with the next compaction.
        damaged: Files that are not what their path says, or whose rows are not what the file of events says.
        missing: Files that a table's manifest names and that are not there.
    """

    files: int = 0
    rows: int = 0
    behind: int = 0
    erasable: int = 0
    damaged: list[Damaged] = []
    missing: list[str] = []


def counted_typed_files(storage: Storage) -> list[str]:
    """The paths of what the typed tables' manifests name, in the order of tables."""
    return [path for name in _TABLES for path in named_files(storage, typed_manifest(name), typed_beginning(name))]


class TypedLook:
    """One look at all typed tables, beside one at all files of events.

    Args:
        storage: The warehouse.
        persons: Who is erased.
        named: See `counted_typed_files`.
    """

    def __init__(self, storage: Storage, persons: Collection[int], named: Collection[str]) -> None:
        self._storage = storage
        self._persons = persons
        self._named = {*named}
        self._left = {file.path for files in folders_below(storage, TYPED).values() for file in files}
        self._present = {*self._left}
        self._found = TypedCheck()

    def compare(self, file: StoredFile, events: Any) -> None:
        """Look at what was made of a file of events, if anything was; ``events``: its rows, as an Arrow table."""
        table = table_of_type(type_of(file.folder))
        path = typed_path(table.name, file.path) if table else ""
        if table and path in self._left:
            self._see(table, path, events)

    def finish(self, counted: Collection[str]) -> TypedCheck:
        """All that was found, when every file of events has been compared; ``counted``: which of these count."""
        for path in sorted(self._left):
            if table := _TABLES.get(path.split("/")[1]):
                self._see(table, path, None)
        self._found.missing = sorted(self._named - self._present)
        self._found.behind = len({*_made_of(counted)} ^ self._named)
        return self._found

    def _see(self, table: TypedTable, path: str, events: Any) -> None:
        self._left.discard(path)
        try:
            rows = _rows(table, path.rpartition("/")[2], self._storage.read(path), events)
        except FileNotFoundError:  # a compaction has deleted it
            self._present.discard(path)
            return
        self._found.files += 1
        if isinstance(rows, str):
            self._found.damaged.append(Damaged(path, rows))
            return
        self._found.rows += rows.num_rows if path in self._named else 0
        events_own = rows.rename_columns([each.removeprefix("_") for each in rows.column_names])
        self._found.erasable += rows_about(events_own, self._persons)


def _made_of(counted: Collection[str]) -> Iterator[str]:
    """What the typed tables have of files of events."""
    for path in counted:
        if table := table_of_type(type_of(path)):
            yield typed_path(table.name, path)


def _rows(table: TypedTable, name: str, buffer: Any, events: Any) -> Any:
    """The event's own columns of a file, as an Arrow table; or half a sentence that says what is wrong with it."""
    try:
        with pq.ParquetFile(pa.BufferReader(buffer), page_checksum_verification=True) as file:
            rows = file.read()
    except (OSError, pa.ArrowException):
        return "it cannot be read as Parquet"
    if not {*OF_EVENT} <= {*rows.column_names}:
        return "its columns are others than its table's"
    own = rows.select([*OF_EVENT])
    if not own.schema.equals(pa.schema([field.with_name(each) for each, field in OF_EVENT.items()])):
        return "its columns are others than its table's"
    if not is_name_of(name, own.column(f"_{ID}").to_pylist()):
        return "its name says that other events are in it"
    if events is not None and not _says_the_same(table, rows, events):
        return "its rows are not what the file of events says"
    return own


def _says_the_same(table: TypedTable, rows: Any, events: Any) -> bool:
    """Whether rows are those that are made of the events; of columns of an earlier version only the event's own."""
    if rows.num_rows != events.num_rows:
        return False
    if not rows.schema.equals(schema_of(table.kind)):
        own = events.select([each.removeprefix("_") for each in OF_EVENT]).rename_columns([*OF_EVENT])
        return bool(rows.select([*OF_EVENT]).equals(own))
    starts = range(0, rows.num_rows, ROWS_AT_ONCE)
    made = ((start, typed_table(table.kind, events.slice(start, ROWS_AT_ONCE))) for start in starts)
    return all(rows.slice(start, ROWS_AT_ONCE).equals(each) for start, each in made)
