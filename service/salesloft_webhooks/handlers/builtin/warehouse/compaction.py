"""Many small files become one for each type and day, and the manifest names those that count.

May run anywhere, any number of times, beside workers and beside itself, and die at any moment: it only ever adds a file
with all events of a folder, and deletes a file only when it has itself read one that has all of its events and more.
docs/decisions/0097 says why no order of these steps loses an event.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.contents import Damaged, counted_files, folders, ids_of
from salesloft_webhooks.handlers.builtin.warehouse.event_table import parquet_of, table_in
from salesloft_webhooks.handlers.builtin.warehouse.layout import EVENTS, MANIFEST, name_of
from salesloft_webhooks.handlers.builtin.warehouse.storage import UNFINISHED, Storage, StoredFile

UNFINISHED_SECONDS = 86_400
"""After that, nobody is still writing it."""


class Compaction(Struct):
    """What was done.

    Attributes:
        files: Files that count now: one for each type and day.
        written: Files that were made of several.
        deleted: Files that others have all events of.
        damaged: Files that are not what their place says: these folders are as they were, and so is the manifest.
        changed: Folders that somebody else changed meanwhile; the next time they are looked at again.
    """

    files: list[str] = []
    written: int = 0
    deleted: int = 0
    damaged: list[Damaged] = []
    changed: list[str] = []

    @property
    def complete(self) -> bool:
        """Whether every folder has one file that counts, and the manifest says so."""
        return not self.damaged and not self.changed


def compact(storage: Storage, *, grace: timedelta, now: datetime) -> Compaction:
    """Join the files of each folder, delete what is old enough, and write the manifest.

    Args:
        storage: The warehouse.
        grace: How long a file stays that another one has all events of: queries may be reading it.
        now: The time, with a zone.

    Raises:
        Unavailable: the storage does not do what is asked; what was done until then holds.
    """
    done = Compaction()
    covered: list[StoredFile] = []
    counted = counted_files(storage)
    for folder, files in folders(storage).items():
        if len(files) == 1 and storage.address_of(files[0].path) in counted:
            done.files.append(files[0].path)  # of most days: it was looked at before it was counted
            continue
        try:
            covered += _compact_folder(storage, folder, files, done, now - grace)
        except FileNotFoundError:  # deleted by another compaction, which has written one with its events
            done.changed.append(folder)
    if done.complete:
        lines = "".join(f"{storage.address_of(path)}\n" for path in done.files)
        storage.write(MANIFEST, lines.encode())
        for file in covered:  # and not before: the manifest until now may name them
            storage.delete(file.path)
            done.deleted += 1
    for file in storage.files(EVENTS) if storage.local else ():
        if file.name.endswith(UNFINISHED) and now - file.modified > timedelta(seconds=UNFINISHED_SECONDS):
            storage.delete(file.path)
    return done


def _compact_folder(
    storage: Storage, folder: str, files: Sequence[StoredFile], done: Compaction, deleted_before: datetime
) -> list[StoredFile]:
    """See to one file with all events of the folder; which others may be deleted by now."""
    found = [(file, ids_of(storage, file)) for file in files]
    if damaged := [ids for _, ids in found if isinstance(ids, Damaged)]:
        done.damaged += damaged
        return []
    events = {file: ids for file, ids in found if not isinstance(ids, Damaged)}
    every: frozenset[str] = frozenset().union(*events.values())
    path = f"{folder}/{name_of(every)}"
    whole = next((file for file in files if file.path == path), None)
    if whole is None:
        storage.write(path, parquet_of(table_in(storage.read(file.path)) for file in files))
        done.written += 1
        whole = storage.find(path)
        if whole is None or ids_of(storage, whole) != every:  # what is to replace others has been read again
            raise FileNotFoundError(path)
    done.files.append(path)
    return [file for file, ids in events.items() if ids < every and whole.modified <= deleted_before]
