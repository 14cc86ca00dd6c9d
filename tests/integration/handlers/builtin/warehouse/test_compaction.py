"""Compaction: one file for each type and day, each event once, whoever dies and whoever else does the same."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import Compaction, compact
from salesloft_webhooks.handlers.builtin.warehouse.contents import folders
from salesloft_webhooks.handlers.builtin.warehouse.event_table import parquet_of, row_of, table_of
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, folder_of, name_of
from salesloft_webhooks.handlers.builtin.warehouse.storage import UNFINISHED, Storage, StoredFile, open_storage
from tests.support import samples
from tests.support.warehouse_queries import rows_by_manifest, rows_by_view

AT_ONCE = timedelta(0)
DAY = datetime(2026, 3, 7, 12, tzinfo=UTC)


def put(storage: Storage, *event_ids: str, day: int = 0) -> str:
    """Store a file with these events; its path."""
    when = DAY + timedelta(days=day)
    events = [samples.person(event_id=each, created_at=when.isoformat()) for each in event_ids]
    path = f"{folder_of('person.updated', when)}/{name_of(event_ids)}"
    storage.write(path, parquet_of([table_of([row_of(event) for event in events])]))
    return path


def files_of(storage: Storage) -> int:
    """How many files there are."""
    return sum(map(len, folders(storage).values()))


def compacted(storage: Storage, grace: timedelta = AT_ONCE) -> Compaction:
    """As the command does it; storages tell times in whole seconds."""
    return compact(storage, grace=grace, now=datetime.now(UTC) + timedelta(seconds=2))


def test_files_of_a_day_become_one_with_each_event_once(storage: Storage, tmp_path: Path) -> None:
    """Overlapping files are joined, days are kept apart, and the manifest has exactly each event."""
    put(storage, "a", "b")
    put(storage, "b", "c")
    put(storage, "d")
    put(storage, "e", day=1)

    done = compacted(storage)

    assert (len(done.files), done.written, done.deleted, done.complete) == (2, 1, 3, True)
    assert rows_by_manifest(storage, tmp_path) == rows_by_view(storage, tmp_path) == list("abcde")
    assert files_of(storage) == 2
    found = check(storage)
    assert (found.files, found.rows, found.events, found.counted, found.sound) == (2, 5, 5, 5, True)


def test_doing_it_again_changes_nothing(storage: Storage) -> None:
    """A second run writes no file and deletes none, and the manifest is the same."""
    put(storage, "a")
    put(storage, "b")
    compacted(storage)
    before = storage.read(MANIFEST).to_pybytes()

    done = compacted(storage)

    assert (done.written, done.deleted) == (0, 0)
    assert storage.read(MANIFEST).to_pybytes() == before


def test_files_that_queries_may_read_stay_for_a_while(storage: Storage, tmp_path: Path) -> None:
    """Within the grace they stay, and neither the manifest nor the view counts them."""
    put(storage, "a", "b")
    put(storage, "b")

    assert compacted(storage, timedelta(hours=1)).deleted == 0
    assert files_of(storage) == 2
    assert rows_by_manifest(storage, tmp_path) == rows_by_view(storage, tmp_path) == ["a", "b"]

    assert compacted(storage).deleted == 1
    assert files_of(storage) == 1


def test_an_empty_warehouse_has_an_empty_manifest(storage: Storage) -> None:
    """Nothing to do is done, and checked."""
    assert compacted(storage).complete
    assert storage.read(MANIFEST).to_pybytes() == b""
    assert check(storage).sound


def misnamed(storage: Storage, path: str) -> None:
    """A file whose name is another's."""
    storage.write(f"{path.rpartition('/')[0]}/{name_of('x')}", storage.read(path))


def cut_off(storage: Storage, path: str) -> None:
    """Half a file."""
    storage.write(path, storage.read(path).to_pybytes()[:-50])


def foreign(storage: Storage, path: str) -> None:
    """Something else under a name of ours."""
    storage.write(path, b"a,b\n1,2\n")


@pytest.mark.parametrize("damage", [misnamed, cut_off, foreign])
def test_what_is_damaged_is_named_and_left_alone(storage: Storage, damage: Callable[[Storage, str], None]) -> None:
    """No file of its folder is joined or deleted, other folders are; the manifest stays as it was; `check` sees it."""
    put(storage, "a")
    path = put(storage, "b")
    put(storage, "c", day=1)
    put(storage, "d", day=1)
    damage(storage, path)
    before = files_of(storage)

    done = compacted(storage)

    assert [each.path.rpartition("/")[0] for each in done.damaged] == [path.rpartition("/")[0]]
    assert (done.written, done.deleted, done.complete) == (1, 0, False)
    assert files_of(storage) == before + 1
    assert storage.find(MANIFEST) is None
    assert not check(storage).sound


def test_a_manifest_that_names_what_is_gone_is_found(storage: Storage) -> None:
    """`check` says which file is missing, and the next compaction writes a manifest of what there is."""
    path = put(storage, "a")
    put(storage, "b", day=1)
    compacted(storage)
    storage.delete(path)

    assert check(storage).missing == [storage.address_of(path)]

    compacted(storage)
    assert check(storage).sound


class Died(BaseException):
    """What a killed process does: nothing any more, no `except` and no clean-up that matters."""


class Dying(Storage):
    """A storage whose user dies at its n-th write or deletion: before it (even) or when it is done (odd)."""

    def __init__(self, storage: Storage, steps: int) -> None:
        self.__dict__.update(storage.__dict__)
        self._left = steps

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Died

    def write(self, path: str, content: Any) -> None:
        """As ever, with two moments to die."""
        self._step()
        super().write(path, content)
        self._step()

    def delete(self, path: str) -> None:
        """The same."""
        self._step()
        super().delete(path)
        self._step()


def test_it_may_die_between_any_two_steps(storage: Storage, tmp_path: Path) -> None:
    """After each death every event is one row of the view, and of a manifest once there is one; then it is finished."""
    put(storage, "z", day=3)
    compacted(storage)
    for names in ("ab", "bc", "c", "d"):
        put(storage, *names)
        put(storage, *(name.upper() for name in names), day=1)
    every = sorted([*"abcd", *"ABCD", "z"])
    steps = 0
    while True:
        try:
            compact(Dying(storage, steps), grace=AT_ONCE, now=datetime.now(UTC) + timedelta(seconds=2))
        except Died:
            steps += 1
        else:
            break
        assert rows_by_view(storage, tmp_path) == every
        assert rows_by_manifest(storage, tmp_path) in (["z"], every)

    assert steps >= 4
    assert rows_by_manifest(storage, tmp_path) == every
    assert files_of(storage) == 3


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


@pytest.mark.parametrize("seed", range(12))
def test_late_requests_and_compactions_beside_each_other_lose_nothing(seed: int, tmp_path: Path) -> None:
    """Random repeats of batches, compactions that end anywhere, writes and deletions that arrive late or twice."""
    chance = random.Random(seed)
    storage = open_storage(WarehouseConfiguration(url=f"file://{tmp_path}/warehouse"))
    late: list[Callable[[], None]] = []
    acknowledged: set[str] = set()
    names = [f"e{number}" for number in range(12)]
    for _ in range(40):
        acting = Late(storage, late, chance)
        if chance.random() < 0.5:
            batch = chance.sample(names, chance.randint(1, 5))
            put(acting, *batch)
            acknowledged.update(batch)
        else:
            with suppress(Died):
                compact(Dying(acting, chance.randint(0, 12)), grace=AT_ONCE, now=datetime(2100, 1, 1, tzinfo=UTC))
        assert rows_by_view(storage, tmp_path) == sorted(acknowledged)
    while late:
        late.pop()()
        assert rows_by_view(storage, tmp_path) == sorted(acknowledged)

    assert compacted(storage).complete
    assert rows_by_manifest(storage, tmp_path) == sorted(acknowledged)
    assert check(storage).sound


def test_what_a_dead_writer_left_goes_after_a_day(tmp_path: Path) -> None:
    """No earlier, as its writer may live; and it never was a file of events."""
    storage = open_storage(WarehouseConfiguration(url=f"file://{tmp_path}"))
    folder = tmp_path / put(storage, "a").rpartition("/")[0]
    left = folder / f".left{UNFINISHED}"
    left.write_bytes(b"PAR1")

    compact(storage, grace=AT_ONCE, now=datetime.now(UTC) + timedelta(hours=23))
    assert left.exists()
    assert check(storage).files == 1

    compact(storage, grace=AT_ONCE, now=datetime.now(UTC) + timedelta(hours=25))
    assert not left.exists()
