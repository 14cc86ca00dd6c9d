"""Many small files become one for each type and day, and the manifest names those that count.

May run anywhere, any number of times, beside workers and beside itself, and die at any moment: it only ever adds a file
with all events of a folder, and deletes a file only when it has itself read one, whole, that has all of its events and
more. docs/decisions/0097 says why no order of these steps loses an event.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.contents import (
    Damaged,
    counted_files,
    folders,
    ids_of,
    table_of_file,
)
from salesloft_webhooks.handlers.builtin.warehouse.counted_since import read_times, write_times
from salesloft_webhooks.handlers.builtin.warehouse.event_table import parquet_of
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, name_of
from salesloft_webhooks.handlers.builtin.warehouse.local_files import UNFINISHED
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile
from salesloft_webhooks.handlers.builtin.warehouse.typed_files import TypedDone, TypedFiles

UNFINISHED_SECONDS = 86_400
"""After that, nobody is still writing it."""


class Compaction(Struct):
    """What was done.

    Attributes:
        files: Paths of files that count now: one for each type and day, but for folders below.
        written: Files that were made of several.
        deleted: Files that others have all events of.
        damaged: Files that are not what their path says: of their folders the files that counted before still do.
        changed: Folders that somebody else changed meanwhile, or that a listing lacks: the same.
        typed: The same of the typed tables; None: they were not asked for.
    """

    files: list[str] = []
    written: int = 0
    deleted: int = 0
    damaged: list[Damaged] = []
    changed: list[str] = []
    typed: TypedDone | None = None

    @property
    def complete(self) -> bool:
        """Whether every folder has one file that counts."""
        return not self.damaged and not self.changed


class _Replaced(Exception):
    """A file turned out to be damaged while its folder was being joined."""


class _Run:
    """One compaction."""

    def __init__(self, storage: Storage, grace: timedelta, now: datetime, *, typed: bool) -> None:
        self.storage = storage
        self.done = Compaction()
        self._grace, self._now = grace, now
        self._typed = TypedFiles(storage, now) if typed else None
        self._since = read_times(storage)
        self.parts: dict[StoredFile, StoredFile] = {}  # each with the file that has all of its events and more
        self._before = counted_files(storage)

    def see_to(self, folder: str, files: Sequence[StoredFile]) -> None:
        """Have one file with all events of a folder count, or what counted before."""
        if len(files) == 1 and files[0].path in self._before:  # of most days: it was looked at before it was counted
            self.done.files.append(files[0].path)
            return
        try:
            self._join(folder, files)
        except FileNotFoundError:  # deleted by another compaction, which has written one with its events
            self.done.changed.append(folder)
            self._as_before(folder)
        except _Replaced:
            self._as_before(folder)

    def see_to_missing(self, found: Sequence[str]) -> None:
        """Folders that counted, and that the listing lacks: gone, or storage whose listings come late."""
        for folder in dict.fromkeys(path.rpartition("/")[0] for path in self._before):
            if folder not in found and self._as_before(folder):
                self.done.changed.append(folder)

    def write_manifest(self) -> None:
        """Have the files count that `done` names."""
        self.done.files.sort()
        lines = "".join(f"{self.storage.address_of(path)}\n" for path in self.done.files)
        self.storage.write(MANIFEST, lines.encode())

    def see_to_typed(self) -> None:
        """Have the typed tables follow, if they were asked for."""
        if self._typed is None:
            return
        typed = self._typed.follow(self.done.files, self._since, grace=self._grace)
        known = {each.path for each in self.done.damaged}
        self.done.damaged += [each for each in typed.damaged if each.path not in known]
        self.done.changed += [folder for folder in typed.changed if folder not in self.done.changed]
        self.done.typed = typed

    def delete_parts(self) -> None:
        """Not before the manifest is written: until then it may have named them."""
        for file in self._deletable():
            self.storage.delete(file.path)
            self.done.deleted += 1

    def _deletable(self) -> Iterator[StoredFile]:
        """Parts that no query reads by a manifest any more, of files that are whole."""
        for whole in dict.fromkeys(self.parts.values()):
            parts = [part for part, of in self.parts.items() if of == whole and part.path not in self._before]
            if not parts or self._now - self._since.get(whole.path, self._now) < self._grace:
                continue
            if isinstance(table := table_of_file(self.storage, whole), Damaged):
                self.done.damaged.append(table)
            else:
                yield from parts

    def _as_before(self, folder: str) -> bool:
        """Whether files of the folder have counted, and are there."""
        there = [path for path in self._before if path.rpartition("/")[0] == folder and self.storage.find(path)]
        self.done.files += there
        return bool(there)

    def _join(self, folder: str, files: Sequence[StoredFile]) -> None:
        found = {file: ids_of(self.storage, file) for file in files}
        events = {file: ids for file, ids in found.items() if not isinstance(ids, Damaged)}
        if damaged := [ids for ids in found.values() if isinstance(ids, Damaged)]:
            self.done.damaged += damaged
            raise _Replaced
        every: frozenset[str] = frozenset().union(*events.values())
        path = f"{folder}/{name_of(every)}"
        whole = next((file for file in files if file.path == path), None)
        if whole is None:
            largest = max(events, key=lambda file: len(events[file]))
            needed = [largest, *(file for file, ids in events.items() if not ids <= events[largest])]
            self.storage.write(path, parquet_of(self._table(file) for file in needed))
            self.done.written += 1
            if (whole := self.storage.find(path)) is None:
                raise FileNotFoundError(path)
        if len(files) == 1:  # new, and alone: it is looked at as a whole once
            self._table(whole)
        self.done.files.append(path)
        self.parts.update((file, whole) for file, ids in events.items() if ids < every)

    def _table(self, file: StoredFile) -> Any:
        if isinstance(table := table_of_file(self.storage, file), Damaged):
            self.done.damaged.append(table)
            raise _Replaced
        return table


def compact(storage: Storage, *, grace: timedelta, now: datetime, typed: bool = False) -> Compaction:
    """Join the files of each folder, write the manifest, and delete what has not counted for long enough.

    Args:
        storage: The warehouse.
        grace: How long the manifest has named a file before others whose events it has are deleted.
        now: The time, with a zone.
        typed: Whether the typed tables follow.

    Raises:
        Unavailable: the storage does not do what is asked; what was done until then holds.
    """
    run = _Run(storage, grace, now, typed=typed)
    found = folders(storage)
    for folder, files in found.items():
        run.see_to(folder, files)
    run.see_to_missing(list(found))
    if run.done.files or storage.find(MANIFEST) is not None:
        run.write_manifest()
        run.see_to_typed()
        run.delete_parts()
        write_times(storage, [*run.done.files, *(run.done.typed.files if run.done.typed else ())], now)
    for file in storage.files("") if storage.local else ():
        if file.name.endswith(UNFINISHED) and now - file.modified > timedelta(seconds=UNFINISHED_SECONDS):
            storage.delete(file.path)
    return run.done
