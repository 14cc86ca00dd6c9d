"""What lies in a warehouse: its files by folder, which events each of them has, and which of them count."""

from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.event_table import ID, NotThisTable, ids_in, table_in
from salesloft_webhooks.handlers.builtin.warehouse.layout import EVENTS, MANIFEST, SUFFIX, folder_of, is_name_of
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile


class Damaged(Struct, frozen=True):
    """A file that is not what its path says.

    Attributes:
        path: Which.
        problem: Why: half a sentence.
    """

    path: str
    problem: str


def folders(storage: Storage) -> Mapping[str, list[StoredFile]]:
    """The Parquet files of the table `events`, by folder, both in the order of their names."""
    return folders_below(storage, EVENTS)


def folders_below(storage: Storage, top: str) -> Mapping[str, list[StoredFile]]:
    """The Parquet files below a folder, the same way."""
    files = [file for file in storage.files(top) if file.name.endswith(SUFFIX) and not file.name.startswith(".")]
    return {folder: list(members) for folder, members in groupby(sorted(files), key=lambda file: file.folder)}


def counted_files(storage: Storage) -> list[str]:
    """The paths of what the manifest names, by whatever address; none if there is no manifest yet."""
    return named_files(storage, MANIFEST, f"{EVENTS}/type=")


def named_files(storage: Storage, manifest: str, beginning: str) -> list[str]:
    """The paths of what any manifest names, which all begin alike below the warehouse's address."""
    try:
        lines = storage.read(manifest).to_pybytes().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [f"{beginning}{line.rpartition(f'/{beginning}')[2]}" for line in lines if line]


class Contents(Struct, frozen=True):
    """What a file has.

    Attributes:
        ids: Of its events.
        erased: Those of them that are about erased persons.
    """

    ids: frozenset[str]
    erased: frozenset[str]

    @property
    def kept(self) -> frozenset[str]:
        """The events that must not be lost."""
        return self.ids - self.erased


def contents_of(storage: Storage, file: StoredFile, persons: Collection[int]) -> Contents | Damaged:
    """Which events a file has, if those are the ones that its name says; nothing else of it is looked at.

    Args:
        storage: The warehouse.
        file: Which.
        persons: Who is erased.

    Raises:
        FileNotFoundError: it is gone.
    """
    try:
        ids, erased = ids_in(storage.read(file.path), persons)
    except NotThisTable as exc:
        return Damaged(file.path, str(exc))
    if not is_name_of(file.name, ids):
        return Damaged(file.path, "its name says that other events are in it")
    return Contents(frozenset(ids), frozenset(erased))


def table_of_file(storage: Storage, file: StoredFile) -> Any:
    """All rows of a file, as an Arrow table; `Damaged` if they are not what its path says, or not what was written.

    Raises:
        FileNotFoundError: it is gone.
    """
    try:
        table = table_in(storage.read(file.path))
    except NotThisTable as exc:
        return Damaged(file.path, str(exc))
    ids = table.column(ID).to_pylist()
    if len(set(ids)) != len(ids):
        return Damaged(file.path, "an event is in it twice")
    if not is_name_of(file.name, ids):
        return Damaged(file.path, "its name says that other events are in it")
    days = zip(table.column("event_type").to_pylist(), table.column("occurred_at").to_pylist(), strict=True)
    if {folder_of(*each) for each in days} - {file.folder}:
        return Damaged(file.path, "it has events of another type or day than its folder says")
    return table
