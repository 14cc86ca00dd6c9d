"""What is known of the last compactions, for those who look on: when one began, and when one left nothing to do.

Only that: no compaction decides anything by it. Two that end at the same moment may lose one another's word, and the
next one says it again.
"""

from datetime import datetime
from typing import Self

import msgspec
from msgspec import Struct, structs

from salesloft_webhooks.handlers.builtin.warehouse.contents import folders
from salesloft_webhooks.handlers.builtin.warehouse.layout import LAST_COMPACTION, MANIFEST
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage


class CompactionRecord(Struct, frozen=True):
    """What `last_compaction.json` has.

    Attributes:
        begun: When one began last, whatever became of it, with a zone.
        complete: When the last one began that left no folder as it was; None: none ever did.
        damaged: Files that the last one which came to its end could not read.
    """

    begun: datetime
    complete: datetime | None = None
    damaged: int = 0

    @classmethod
    def read(cls, storage: Storage) -> Self | None:
        """As it is stored; None: there is none, or nothing that can be read as one.

        Raises:
            Unavailable: the storage does not do what is asked.
        """
        try:
            found = msgspec.json.decode(storage.read(LAST_COMPACTION).to_pybytes(), type=cls)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        times = (found.begun, found.complete)
        return found if all(each is None or each.tzinfo for each in times) else None

    def write(self, storage: Storage) -> None:
        """Store it."""
        storage.write(LAST_COMPACTION, msgspec.json.encode(self))


def record_begun(storage: Storage, now: datetime) -> None:
    """A compaction begins: if that is the last that is heard of it, it has died."""
    known = CompactionRecord.read(storage) or CompactionRecord(now, _by_manifest(storage))
    structs.replace(known, begun=now).write(storage)


def record_ended(storage: Storage, began: datetime, *, complete: bool, damaged: int) -> None:
    """The one that began then has come to its end."""
    known = CompactionRecord.read(storage) or CompactionRecord(began)
    CompactionRecord(known.begun, began if complete else known.complete, damaged).write(storage)


def compacted_at(storage: Storage, record: CompactionRecord | None) -> datetime | None:
    """When the last complete compaction began; None: that is not known of any.

    Raises:
        Unavailable: the storage does not do what is asked.
    """
    if record is None:
        return _by_manifest(storage)
    stored = storage.find(LAST_COMPACTION)
    if record.complete is None or stored is None:
        return record.complete
    # The clock of who compacts may be ahead, and would put the alert off for as long: it was not after its own record.
    return min(record.complete, stored.modified)


def oldest_stored(storage: Storage) -> datetime | None:
    """When the oldest file of events was stored, by the storage's clock; None: there is none.

    Raises:
        Unavailable: the storage does not do what is asked.
    """
    return min((file.modified for files in folders(storage).values() for file in files), default=None)


def _by_manifest(storage: Storage) -> datetime | None:
    """When a version that kept no record has compacted last."""
    manifest = storage.find(MANIFEST)
    return manifest.modified if manifest is not None else None
