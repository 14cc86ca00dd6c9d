"""Whether everything in a warehouse is what it should be; nothing is changed."""

import pyarrow.compute as pc
from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.contents import Damaged, counted_files, folders, table_of_file
from salesloft_webhooks.handlers.builtin.warehouse.event_table import ID
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage


class Check(Struct):
    """What was found.

    Attributes:
        files: Parquet files.
        rows: Their rows.
        events: Different events in them.
        counted: Events that the manifest's files have.
        counted_rows: Rows of these files: more than `counted` only if the manifest is wrong.
        damaged: Files that are not what their place says.
        missing: Files that the manifest names and that are not there.
    """

    files: int = 0
    rows: int = 0
    events: int = 0
    counted: int = 0
    counted_rows: int = 0
    damaged: list[Damaged] = []
    missing: list[str] = []

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong: events that wait for the next compaction are not."""
        return not self.damaged and not self.missing and self.counted == self.counted_rows


def check(storage: Storage) -> Check:
    """Read every file.

    Raises:
        Unavailable: the storage does not do what is asked.
    """
    result = Check()
    named = counted_files(storage)
    for files in folders(storage).values():
        events: set[str] = set()
        counted: set[str] = set()
        for file in files:
            try:
                table = table_of_file(storage, file)
            except FileNotFoundError:  # a compaction runs
                continue
            result.files += 1
            if isinstance(table, Damaged):
                result.damaged.append(table)
                continue
            ids = pc.unique(table.column(ID)).to_pylist()
            result.rows += table.num_rows
            events.update(ids)
            if storage.address_of(file.path) in named:
                named.discard(storage.address_of(file.path))
                counted.update(ids)
                result.counted_rows += table.num_rows
        result.events += len(events)
        result.counted += len(counted)
    result.missing = sorted(named)
    return result
