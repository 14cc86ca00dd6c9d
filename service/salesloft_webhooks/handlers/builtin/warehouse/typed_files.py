"""The typed tables follow the manifest of events: each file that counts has its file of rows in the table of its kind.

Part of a compaction, and as indifferent to who dies and who acts beside: a file is written whole or not at all, and
follows from a file of events that stays. Nothing here is the only copy of anything.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.contents import (
    Damaged,
    folders_below,
    named_files,
    table_of_file,
)
from salesloft_webhooks.handlers.builtin.warehouse.layout import (
    TYPED,
    type_of,
    typed_beginning,
    typed_manifest,
    typed_path,
)
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile
from salesloft_webhooks.handlers.builtin.warehouse.typed_tables import (
    TABLES,
    TypedTable,
    is_typed_file,
    table_of_type,
    typed_parquet,
)


class TypedDone(Struct):
    """What was done.

    Attributes:
        files: Paths of files that count now, of all tables.
        written: Files that were made.
        deleted: Files that count no more.
        damaged: Files of events that could not be read; what counted in their place still does.
        changed: Folders of events that somebody else changed meanwhile: left for the next time.
    """

    files: list[str] = []
    written: int = 0
    deleted: int = 0
    damaged: list[Damaged] = []
    changed: list[str] = []


class TypedFiles:
    """The typed tables as they are when a compaction begins.

    To be made before it looks at the files of events: what is here then was made of events that it is going to see.

    Args:
        storage: The warehouse.
        now: The time, with a zone.
    """

    def __init__(self, storage: Storage, now: datetime) -> None:
        self._storage = storage
        self._now = now
        self._tables = {table.name: table for table in TABLES.values()}
        self._before = {path for name in self._tables for path in named_files(storage, *_manifest(name))}
        self._there = folders_below(storage, TYPED)
        self._done = TypedDone()

    def follow(
        self,
        counted: Sequence[str],
        since: Mapping[str, datetime],
        *,
        grace: timedelta,
        at_once: Collection[str] = (),
    ) -> TypedDone:
        """Make what is missing, write the manifests, and delete what does not count any more.

        Args:
            counted: The files of events that count now.
            since: Since when each typed file has counted.
            grace: How long a file has to have counted before those that it is in place of are deleted.
            at_once: Folders of events of which nothing but what counts may stay.

        Raises:
            Unavailable: the storage does not do what is asked; what was done until then holds.
        """
        named: dict[str, list[str]] = defaultdict(list)
        for path in counted:
            if table := table_of_type(type_of(path)):
                named[table.name] += self._made(table, path)
        for name in self._tables:
            self._write_manifest(name, sorted(named[name]))
        emptied = {typed_path(table.name, f"{folder}/").rpartition("/")[0] for folder, table in _typed(at_once)}
        for file in self._outdated(since, grace, emptied):
            self._storage.delete(file.path)
            self._done.deleted += 1
        return self._done

    def _made(self, table: TypedTable, path: str) -> list[str]:
        """What counts in the place of a file of events: its own file, or if that cannot be made, what did before."""
        target = typed_path(table.name, path)
        folder, _, name = target.rpartition("/")
        found = next((file for file in self._there.get(folder, ()) if file.path == target), None)
        try:
            if found and (target in self._before or is_typed_file(table, name, self._storage.read(target))):
                return [target]
            events = table_of_file(self._storage, StoredFile(path, 0, self._now))
        except FileNotFoundError:  # another compaction has deleted it
            self._done.changed.append(path.rpartition("/")[0])
            return self._as_before(folder)
        if isinstance(events, Damaged):
            self._done.damaged.append(events)
            return self._as_before(folder)
        self._storage.write(target, typed_parquet(table, events))
        self._done.written += 1
        return [target]

    def _as_before(self, folder: str) -> list[str]:
        return [file.path for file in self._there.get(folder, ()) if file.path in self._before]

    def _write_manifest(self, name: str, paths: Sequence[str]) -> None:
        manifest, _ = _manifest(name)
        if paths or self._storage.find(manifest) is not None:
            lines = "".join(f"{self._storage.address_of(path)}\n" for path in paths)
            self._storage.write(manifest, lines.encode())
        self._done.files += paths

    def _outdated(
        self, since: Mapping[str, datetime], grace: timedelta, emptied: Collection[str]
    ) -> Iterator[StoredFile]:
        """Files that no manifest names any more, and that no query reads by one."""
        counting = {path.rpartition("/")[0]: path for path in self._done.files}
        for folder, files in self._there.items():
            counts = counting.get(folder)
            lasting = counts is None or self._now - since.get(counts, self._now) >= grace
            for file in files:
                readable = file.path in self._before or not lasting
                if file.path not in self._done.files and (folder in emptied or not readable):
                    yield file


def _manifest(name: str) -> tuple[str, str]:
    """The path of a table's manifest, and how the paths in it begin."""
    return typed_manifest(name), typed_beginning(name)


def _typed(folders: Collection[str]) -> Iterator[tuple[str, TypedTable]]:
    for folder in folders:
        if table := table_of_type(type_of(folder)):
            yield folder, table
