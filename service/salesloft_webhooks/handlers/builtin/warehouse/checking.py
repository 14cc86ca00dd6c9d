"""Whether everything in a warehouse is what it should be; nothing is changed."""

from itertools import groupby

from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.contents import Damaged, counted_files, folders, table_of_file
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import erased_persons
from salesloft_webhooks.handlers.builtin.warehouse.event_table import ID, rows_about
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile

TRIES = 3
"""A compaction that ends in the middle of a look changes what counts; then it is looked again, so often at most."""


class Check(Struct):
    """What was found.

    Attributes:
        files: Parquet files.
        rows: Their rows.
        events: Different events in them.
        counted: Events that the manifest's files have.
        counted_rows: Rows of these files.
        other_days: Rows more that the manifest counts because an event has come again with another day.
        erasable: Rows of erased persons, which go with the next compaction.
        damaged: Files that are not what their path says.
        missing: Files that the manifest names and that are not there.
    """

    files: int = 0
    rows: int = 0
    events: int = 0
    counted: int = 0
    counted_rows: int = 0
    other_days: int = 0
    erasable: int = 0
    damaged: list[Damaged] = []
    missing: list[str] = []

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong: events that wait for the next compaction are not."""
        return not self.damaged and not self.missing and self.counted + self.other_days == self.counted_rows


def check(storage: Storage) -> Check:
    """Read every file.

    Raises:
        Unavailable: the storage does not do what is asked.
    """
    for _ in range(TRIES):
        counted = counted_files(storage)
        result = _look(storage, set(counted))
        if counted_files(storage) == counted:
            break
    return result


def _look(storage: Storage, named: set[str]) -> Check:
    result = Check()
    persons = erased_persons(storage)
    present: set[str] = set()
    for _, of_type in groupby(folders(storage).items(), key=lambda each: each[0].partition("/day=")[0]):
        events: set[str] = set()
        counted: set[str] = set()
        for _, files in of_type:
            of_day: set[str] = set()
            for file in files:
                ids = _ids(storage, file, persons, result)
                present.update([] if ids is None else [file.path])
                events.update(ids or ())
                if file.path in named:
                    of_day.update(ids or ())
                    result.counted_rows += len(ids or ())
            result.other_days += len(of_day & counted)
            counted |= of_day
        result.events += len(events)
        result.counted += len(counted)
    result.missing = sorted(named - present)
    return result


def _ids(storage: Storage, file: StoredFile, persons: frozenset[int], result: Check) -> "list[str] | None":
    """The events of a file, none of a damaged one; None: it is gone."""
    try:
        table = table_of_file(storage, file)
    except FileNotFoundError:
        return None
    result.files += 1
    if isinstance(table, Damaged):
        result.damaged.append(table)
        return []
    result.rows += table.num_rows
    result.erasable += rows_about(table, persons)
    ids: list[str] = table.column(ID).to_pylist()
    return ids
