"""Whether everything in a warehouse is what it should be; nothing is changed."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from msgspec import Struct, field

from salesloft_webhooks.handlers.builtin.warehouse.contents import Damaged, counted_files, folders, table_of_file
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import erased_persons
from salesloft_webhooks.handlers.builtin.warehouse.event_table import ID, rows_about
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile
from salesloft_webhooks.handlers.builtin.warehouse.typed_checking import TypedCheck, TypedLook, counted_typed_files

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
        typed: The same of the typed tables.
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
    typed: TypedCheck = field(default_factory=TypedCheck)

    @property
    def overlaps(self) -> bool:
        """Whether the manifest counts an event twice."""
        return self.counted + self.other_days != self.counted_rows

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong: what waits for the next compaction is not."""
        wrong = (self.damaged, self.missing, self.typed.damaged, self.typed.missing, self.overlaps)
        return not any(wrong)


def check(storage: Storage) -> Check:
    """Read every file.

    Raises:
        Unavailable: the storage does not do what is asked.
    """
    for _ in range(TRIES):
        counted, typed = counted_files(storage), counted_typed_files(storage)
        result = _Look(storage, {*counted}, typed).result()
        if (counted_files(storage), counted_typed_files(storage)) == (counted, typed):
            break
    return result


class _Look:
    """At everything, once."""

    def __init__(self, storage: Storage, named: set[str], typed: Collection[str]) -> None:
        self._storage = storage
        self._named = named
        self._persons = erased_persons(storage)
        self._typed = TypedLook(storage, self._persons, typed)
        self._present: set[str] = set()
        self._found = Check()

    def result(self) -> Check:
        """What was found."""
        found = folders(self._storage)
        for _, of_type in groupby(found.items(), key=lambda each: each[0].partition("/day=")[0]):
            self._see_type(files for _, files in of_type)
        self._found.missing = sorted(self._named - self._present)
        self._found.typed = self._typed.finish(self._named)
        return self._found

    def _see_type(self, days: Iterable[Sequence[StoredFile]]) -> None:
        events: set[str] = set()
        counted: set[str] = set()
        for files in days:
            of_day: set[str] = set()
            for file in files:
                ids = self._ids(file)
                self._present.update([] if ids is None else [file.path])
                events.update(ids or ())
                if file.path in self._named:
                    of_day.update(ids or ())
                    self._found.counted_rows += len(ids or ())
            self._found.other_days += len(of_day & counted)
            counted |= of_day
        self._found.events += len(events)
        self._found.counted += len(counted)

    def _ids(self, file: StoredFile) -> "list[str] | None":
        """The events of a file, none of a damaged one; None: it is gone."""
        try:
            table = table_of_file(self._storage, file)
        except FileNotFoundError:
            return None
        self._found.files += 1
        if isinstance(table, Damaged):
            self._found.damaged.append(table)
            return []
        self._found.rows += table.num_rows
        self._found.erasable += rows_about(table, self._persons)
        self._typed.compare(file, table)
        ids: list[str] = table.column(ID).to_pylist()
        return ids
