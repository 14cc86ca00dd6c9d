"""How much an erasure and the compactions after it read."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import record_erased
from salesloft_webhooks.handlers.builtin.warehouse.erasure import erase_persons
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
from tests.integration.handlers.builtin.warehouse.acting import AT_ONCE, compacted, put_of, stored
from tests.support import samples

HER = 7


class Counting(Storage):
    """A storage that keeps the paths of files of events that are read."""

    def __init__(self, storage: Storage, folder: Path) -> None:
        self.__dict__.update(storage.__dict__)
        self.folder = folder
        self.paths: list[str] = []

    def read(self, path: str) -> Any:
        """As ever."""
        if path.startswith("events/"):
            self.paths.append(path)
        return super().read(path)

    def age(self, days: int) -> None:
        """All files were written so long ago."""
        then = datetime.now(UTC).timestamp() - days * 86_400
        for path in self.folder.rglob("*.parquet"):
            os.utime(path, (then, then))


@pytest.fixture
def counting(tmp_path: Path) -> Counting:
    """A warehouse in a folder that counts what is read of it."""
    (tmp_path / "warehouse").mkdir()
    return Counting(open_storage(WarehouseConfiguration(url=f"file://{tmp_path}/warehouse")), tmp_path / "warehouse")


def test_old_files_are_read_once_for_each_person(counting: Counting) -> None:
    """After that a compaction looks only at what was written since the day before the last look."""
    put_of(counting, HER + 5, "a")
    compacted(counting)
    counting.age(9)
    stored(counting, samples.person(event_id="b", created_at="2026-03-09T12:00:00Z"))
    compacted(counting)

    counting.paths.clear()
    erase_persons(counting, [HER], grace=AT_ONCE, now=datetime.now(UTC), typed=False)
    assert len({*counting.paths}) == 2

    counting.paths.clear()
    compacted(counting)
    assert len({*counting.paths}) == 1
    assert "day=2026-03-09" in counting.paths[0]

    counting.paths.clear()
    record_erased(counting, HER + 1, datetime.now(UTC))
    compacted(counting)
    assert len({*counting.paths}) == 2


def test_a_time_that_is_still_to_come_hides_no_file(counting: Counting) -> None:
    """One file of a host with a wrong clock does not make a later one pass for looked through."""
    put_of(counting, HER, "a", "z1")
    late = counting.folder / stored(counting, samples.person(event_id="b", created_at="2026-03-09T12:00:00Z"))
    ahead = datetime.now(UTC).timestamp() + 40 * 86_400
    os.utime(late, (ahead, ahead))
    assert erase_persons(counting, [HER], grace=AT_ONCE, now=datetime.now(UTC), typed=False).complete
    data = {"id": HER, "person_id": HER}
    path = stored(counting, samples.person(event_id="z9", created_at="2026-03-10T12:00:00Z", data=data))
    counting.write(MANIFEST, counting.read(MANIFEST).to_pybytes() + f"{counting.address_of(path)}\n".encode())

    compacted(counting)

    assert check(counting).erasable == 0


def version(person: int, event_id: str, when: str) -> Event:
    """A person's event of a day."""
    return samples.person(event_id=event_id, created_at=when, data={"id": person, "person_id": person})


def test_many_persons_are_erased_in_one_reading(tmp_path: Path) -> None:
    """Forty are read no more for than one: each file as often, whoever is in it."""
    reads = []
    for number, persons in enumerate(([1], range(1, 41))):
        folder = tmp_path / str(number)
        folder.mkdir()
        counting = Counting(open_storage(WarehouseConfiguration(url=f"file://{folder}")), folder)
        for day in range(5):
            when = f"2026-03-{10 + day}T12:00:00Z"
            stored(counting, *(version(each, f"{day}/{each}", when) for each in (*range(1, 41), 100)))
        compacted(counting)
        counting.paths.clear()

        done = erase_persons(counting, persons, grace=AT_ONCE, now=datetime.now(UTC), typed=False)

        assert (done.complete, done.rows) == (True, 5 * len(persons))
        assert check(counting).events == 5 * (41 - len(persons))
        reads.append(len(counting.paths))

    assert reads[0] == reads[1] > 5
