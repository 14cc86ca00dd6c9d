"""Many small files become one for each type and day, and the manifest names those that count.

May run anywhere, any number of times, beside workers and beside itself, and die at any moment: it only ever adds a file
with all events of a folder, and deletes a file only when it has itself read one, whole, that has all of its events and
more. docs/decisions/0097 says why no order of these steps loses an event, and 0101 how erased persons are left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.compaction_record import record_begun, record_ended
from salesloft_webhooks.handlers.builtin.warehouse.contents import (
    Contents,
    Damaged,
    contents_of,
    counted_files,
    folders,
    table_of_file,
)
from salesloft_webhooks.handlers.builtin.warehouse.counted_since import read_times, write_times
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import erased_persons, looked_until, write_looked
from salesloft_webhooks.handlers.builtin.warehouse.event_table import parquet_of, without
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, TYPED, generation_of, name_of
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
        erased: Rows of erased persons that were there, and are gone.
        typed: The same of the typed tables; None: they were not asked for.
    """

    files: list[str] = []
    written: int = 0
    deleted: int = 0
    damaged: list[Damaged] = []
    changed: list[str] = []
    erased: int = 0
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
        self._persons = erased_persons(storage)
        # Where somebody is erased, tables that were switched off are not left with what events have no more.
        self._typed = TypedFiles(storage, now) if typed or (self._persons and storage.files(TYPED)) else None
        self._parts: dict[StoredFile, StoredFile] = {}  # each with the file that has all of its events that are kept
        self._erased: dict[StoredFile, int] = {}  # files with rows of erased persons, and how many
        self._before = counted_files(storage)
        self._since = read_times(storage)
        self._looked = looked_until(storage, self._persons)

    def see_to(self, folder: str, files: Sequence[StoredFile]) -> None:
        """Have one file with all events of a folder count, or what counted before."""
        if len(files) == 1 and files[0].path in self._before and not self._may_have_erased(files[0]):
            self.done.files.append(files[0].path)  # most days: it was looked at before it was counted
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
        """Have the typed tables follow; before files of events are deleted, which say where erased rows are."""
        if self._typed is None:
            return
        at_once = {file.folder for file in self._erased}
        typed = self._typed.follow(self.done.files, self._since, grace=self._grace, at_once=at_once)
        known = {each.path for each in self.done.damaged}
        self.done.damaged += [each for each in typed.damaged if each.path not in known]
        self.done.changed += [folder for folder in typed.changed if folder not in self.done.changed]
        self.done.typed = typed

    def delete_parts(self) -> None:
        """Not before the manifest is written: until then it may have named them."""
        for file in self._deletable():
            self.storage.delete(file.path)
            self.done.deleted += 1
            self.done.erased += self._erased.get(file, 0)

    def write_looked(self, files: Iterable[StoredFile]) -> None:
        """If all is done: nothing of those who are erased is left in what was there, by the storage's own clock.

        Not beyond the time at which this began: one file with a time that is still to come would hide all others.
        """
        written = [file.modified for file in files]
        if self._persons and self.done.complete and written:
            write_looked(self.storage, self._persons, min(max(written), self._now))

    def _may_have_erased(self, file: StoredFile) -> bool:
        return bool(self._persons) and (self._looked is None or file.modified > self._looked)

    def _deletable(self) -> Iterator[StoredFile]:
        """Parts of whole files, which no query reads by a manifest any more, and at once those with erased rows."""
        yield from (file for file in self._erased if file not in self._parts)  # nobody else's rows are in them
        for whole in dict.fromkeys(self._parts.values()):
            lasting = self._now - self._since.get(whole.path, self._now) >= self._grace
            parts = [part for part, of in self._parts.items() if of == whole]
            parts = [each for each in parts if each in self._erased or (lasting and each.path not in self._before)]
            try:
                table = table_of_file(self.storage, whole) if parts else None
            except FileNotFoundError:  # an erasure that began since has put another one in its place
                self.done.changed.append(whole.folder)
                continue
            if isinstance(table, Damaged):
                self.done.damaged.append(table)
            else:
                yield from parts

    def _as_before(self, folder: str) -> bool:
        """Whether files of the folder have counted, and are there."""
        there = [path for path in self._before if path.rpartition("/")[0] == folder and self.storage.find(path)]
        self.done.files += there
        return bool(there)

    def _join(self, folder: str, files: Sequence[StoredFile]) -> None:
        found = {file: contents_of(self.storage, file, self._persons) for file in files}
        held = {file: each for file, each in found.items() if not isinstance(each, Damaged)}
        if damaged := [each for each in found.values() if isinstance(each, Damaged)]:
            self.done.damaged += damaged
            raise _Replaced
        kept: frozenset[str] = frozenset().union(*(each.kept for each in held.values()))
        if kept:
            # Of a later generation than all of which something is left out: docs/decisions/0101 says why.
            generation = max(generation_of(file.name) + bool(each.erased) for file, each in held.items())
            whole = self._whole(f"{folder}/{name_of(kept, generation)}", held)
            if len(files) == 1:  # new, and alone: it is looked at as a whole once
                self._table(whole)
            self.done.files.append(whole.path)
            self._parts.update((file, whole) for file in files if file.path != whole.path)
        self._erased.update((file, len(each.erased)) for file, each in held.items() if each.erased)

    def _whole(self, path: str, held: Mapping[StoredFile, Contents]) -> StoredFile:
        """The file with all events that are kept: the one that is there, or a new one."""
        if there := next((file for file in held if file.path == path), None):
            return there
        largest = max(held, key=lambda file: len(held[file].kept))
        needed = [largest, *(file for file, each in held.items() if not each.kept <= held[largest].kept)]
        self.storage.write(path, parquet_of(without(self._table(file), self._persons) for file in needed))
        self.done.written += 1
        if (whole := self.storage.find(path)) is None:
            raise FileNotFoundError(path)
        return whole

    def _table(self, file: StoredFile) -> Any:
        if isinstance(table := table_of_file(self.storage, file), Damaged):
            self.done.damaged.append(table)
            raise _Replaced
        return table


def compact(storage: Storage, *, grace: timedelta, now: datetime, typed: bool = False) -> Compaction:
    """Join the files of each folder, write the manifest, and delete what has not counted for long enough.

    Rows of erased persons are left out, and files that have some are deleted at once.

    Args:
        storage: The warehouse.
        grace: How long the manifest has named a file before others whose events it has are deleted.
        now: The time, with a zone.
        typed: Whether the typed tables follow.

    Raises:
        Unavailable: the storage does not do what is asked; what was done until then holds.
    """
    record_begun(storage, now)
    run = _Run(storage, grace, now, typed=typed)
    found = folders(storage)
    for folder, files in found.items():
        run.see_to(folder, files)
    run.see_to_missing(list(found))
    named = bool(run.done.files) or storage.find(MANIFEST) is not None
    if named:
        run.write_manifest()
        run.see_to_typed()
    run.delete_parts()
    if named:
        write_times(storage, [*run.done.files, *(run.done.typed.files if run.done.typed else ())], now)
    run.write_looked(file for files in found.values() for file in files)
    for file in storage.files("") if storage.local else ():
        if file.name.endswith(UNFINISHED) and now - file.modified > timedelta(seconds=UNFINISHED_SECONDS):
            storage.delete(file.path)
    record_ended(storage, now, complete=run.done.complete, damaged=len({each.path for each in run.done.damaged}))
    return run.done
