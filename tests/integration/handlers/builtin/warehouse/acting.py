"""Those who act on a warehouse in these tests: they write, compact, die, and have requests that arrive late."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.warehouse.compaction import Compaction, compact
from salesloft_webhooks.handlers.builtin.warehouse.contents import folders
from salesloft_webhooks.handlers.builtin.warehouse.event_table import occurred_at, parquet_of, row_of, table_of
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, folder_of, name_of
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile
from tests.support import samples

AT_ONCE = timedelta(0)
DAY = datetime(2026, 3, 7, 12, tzinfo=UTC)


def put(storage: Storage, *event_ids: str, day: int = 0) -> str:
    """Store a file with these events; its path."""
    when = DAY + timedelta(days=day)
    return stored(storage, *(samples.person(event_id=each, created_at=when.isoformat()) for each in event_ids))


def files_of(storage: Storage) -> int:
    """How many files there are."""
    return sum(map(len, folders(storage).values()))


def spoiled(storage: Storage, path: str) -> None:
    """One byte of a page, far from the ids and the footer."""
    whole = bytearray(storage.read(path).to_pybytes())
    file = pq.ParquetFile(pa.BufferReader(bytes(whole)))
    column = file.metadata.row_group(0).column(file.schema_arrow.names.index("body"))
    begin = column.dictionary_page_offset or column.data_page_offset
    whole[begin + column.total_compressed_size - 1] ^= 255
    storage.write(path, bytes(whole))


def put_of(storage: Storage, person: int, *event_ids: str) -> None:
    """Store a file with these events, those whose ids begin with ``z`` about the person."""
    stored(storage, *(of_person(person if each.startswith("z") else person + 1, each) for each in event_ids))


def of_person(person: int, event_id: str) -> Event:
    """An event about a person, all of one day."""
    data = {"id": person, "person_id": person}
    return samples.person(event_id=event_id, created_at=DAY.isoformat(), data=data)


def stored(storage: Storage, *events: Event) -> str:
    """Store a file of events of one type and day; its path."""
    path = f"{folder_of(events[0].event_type, occurred_at(events[0]))}/{name_of(each.event_id for each in events)}"
    storage.write(path, parquet_of([table_of([row_of(event) for event in events])]))
    return path


def compacted(storage: Storage, grace: timedelta = AT_ONCE, *, typed: bool = False) -> Compaction:
    """As the command does it; storages tell times in whole seconds."""
    return compact(storage, grace=grace, now=datetime.now(UTC) + timedelta(seconds=2), typed=typed)


class Died(BaseException):
    """What a killed process does: nothing any more, no `except` and no clean-up that matters."""


class Dying(Storage):
    """A storage whose user dies at its n-th write or deletion: before it (even) or when it is done (odd)."""

    def __init__(self, storage: Storage, steps: int) -> None:
        self.__dict__.update(storage.__dict__)
        self._acting = storage
        self._left = steps

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Died

    def write(self, path: str, content: Any) -> None:
        """As ever, with two moments to die."""
        self._step()
        self._acting.write(path, content)
        self._step()

    def delete(self, path: str) -> None:
        """The same."""
        self._step()
        self._acting.delete(path)
        self._step()

    def files(self, folder: str) -> list[StoredFile]:
        """As ever."""
        return self._acting.files(folder)

    def read(self, path: str) -> Any:
        """As ever."""
        return self._acting.read(path)


class Late(Storage):
    """A storage to which deletions and writes come late: they are kept, to arrive whenever the test likes."""

    def __init__(self, storage: Storage, kept: list[Callable[[], None]], chance: random.Random) -> None:
        self.__dict__.update(storage.__dict__)
        self._late, self._chance = kept, chance

    def write(self, path: str, content: Any) -> None:
        """Done, and perhaps done again later: the answer was lost, and the request arrives twice."""
        super().write(path, content)
        if self._chance.random() < 0.5 and path != MANIFEST:
            self._late.append(lambda: Storage.write(self, path, content))

    def delete(self, path: str) -> None:
        """Done now, or later, or both."""
        if self._chance.random() < 0.5:
            super().delete(path)
        if self._chance.random() < 0.5:
            self._late.append(lambda: Storage.delete(self, path))

    def files(self, folder: str) -> list[StoredFile]:
        """What there is, and in between something late arrives: others act while this one looks."""
        found = super().files(folder)
        self.arrive()
        return found

    def read(self, path: str) -> Any:
        """The same."""
        self.arrive()
        return super().read(path)

    def arrive(self) -> None:
        """Perhaps one of the late requests arrives."""
        if self._late and self._chance.random() < 0.4:
            self._late.pop(self._chance.randrange(len(self._late)))()
