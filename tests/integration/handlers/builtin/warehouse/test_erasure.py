"""Erasure of a person: their rows are in no file any more, everybody else's stay and count once, whoever dies."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.contents import folders, folders_below
from salesloft_webhooks.handlers.builtin.warehouse.erasure import Erasure, erase_persons
from salesloft_webhooks.handlers.builtin.warehouse.event_table import table_in
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, TYPED
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from tests.integration.handlers.builtin.warehouse.acting import (
    AT_ONCE,
    DAY,
    Died,
    Dying,
    compacted,
    files_of,
    put_of,
    spoiled,
    stored,
)
from tests.support import samples
from tests.support.warehouse_queries import rows_by_manifest, rows_by_view, typed_rows

HER = 7
IDS = "SELECT _event_id FROM {} ORDER BY 1"


def erased(storage: Storage, person: int = HER, *, typed: bool = False) -> Erasure:
    """As the command does it."""
    return erase_persons(storage, [person], grace=timedelta(hours=1), now=datetime.now(UTC), typed=typed)


def is_left(storage: Storage) -> bool:
    """Whether a row of hers is in any file of any table."""
    events = [table_in(storage.read(file.path)) for files in folders(storage).values() for file in files]
    typed = [file.path for files in folders_below(storage, TYPED).values() for file in files]
    return any(HER in table.column("person_id").to_pylist() for table in events) or any(
        typed_rows_of(storage, path) for path in typed
    )


def typed_rows_of(storage: Storage, path: str) -> bool:
    """Whether a file of a typed table has a row of hers."""
    return HER in pq.read_table(pa.BufferReader(storage.read(path))).column("_person_id").to_pylist()


def test_rows_of_hers_are_gone_and_all_others_are_there_once(storage: Storage, tmp_path: Path) -> None:
    """At once, whatever is counted and however long for; of the joined file, its parts and the typed tables."""
    put_of(storage, HER, "a", "z1")
    put_of(storage, HER, "b", "z2")
    compacted(storage, grace=timedelta(hours=1), typed=True)
    put_of(storage, HER, "z3")
    put_of(storage, HER, "c")

    done = erased(storage, typed=True)

    assert (done.complete, done.rows) == (True, 5)
    assert rows_by_view(storage, tmp_path) == rows_by_manifest(storage, tmp_path) == ["a", "b", "c"]
    assert typed_rows(storage, "people", tmp_path, IDS) == [("a",), ("b",), ("c",)]
    assert not is_left(storage)
    found = check(storage)
    assert (found.sound, found.erasable) == (True, 0)


def test_a_folder_of_hers_alone_is_gone(storage: Storage, tmp_path: Path) -> None:
    """Emails to her, and what is ordered by her without naming her: no file of theirs counts or is there."""
    put_of(storage, HER, "a")
    stored(storage, samples.email(event_id="m", data={"recipient": {"id": HER}, "person_id": HER}))
    untold = samples.event("note.created", {"id": 1}, event_id="n", entity_key=f"person:{HER}")
    stored(storage, untold)
    compacted(storage, typed=True)

    assert erased(storage, typed=True).rows == 2

    assert rows_by_view(storage, tmp_path) == rows_by_manifest(storage, tmp_path) == ["a"]
    assert [*folders(storage)] == ["events/type=person.updated/day=2026-03-07"]
    assert typed_rows(storage, "emails", tmp_path, IDS) == []
    assert not is_left(storage)


def test_what_comes_later_goes_with_the_next_compaction(storage: Storage, tmp_path: Path) -> None:
    """A worker that had it in its memory, and a slow compaction that has made it count already."""
    put_of(storage, HER, "a", "z1")
    assert erased(storage).complete
    put_of(storage, HER, "a", "z1")
    path = stored(storage, samples.person(event_id="z2", created_at="2026-03-09T12:00:00Z", data={"person_id": HER}))
    storage.write(MANIFEST, f"{storage.address_of(path)}\n".encode())
    assert check(storage).erasable == 2

    assert compacted(storage).erased == 2
    assert rows_by_view(storage, tmp_path) == rows_by_manifest(storage, tmp_path) == ["a"]
    assert not is_left(storage)


def test_an_erasure_that_is_repeated_finds_nothing(storage: Storage, tmp_path: Path) -> None:
    """And what is left is no file of a generation more."""
    put_of(storage, HER, "a", "z1")
    assert erased(storage).rows == 1
    before = [file.path for files in folders(storage).values() for file in files]

    again = erased(storage)

    assert (again.complete, again.rows) == (True, 0)
    assert [file.path for files in folders(storage).values() for file in files] == before
    assert rows_by_manifest(storage, tmp_path) == ["a"]


def test_a_second_person_leaves_the_first_one_erased(storage: Storage, tmp_path: Path) -> None:
    """Each has a record of their own, and files of several generations are joined to one."""
    put_of(storage, HER, "a", "z1")
    erased(storage)
    put_of(storage, HER + 1, "z2", "b")
    put_of(storage, HER, "c", "z1")

    assert erased(storage, HER + 2).complete

    assert rows_by_view(storage, tmp_path) == rows_by_manifest(storage, tmp_path) == ["a", "c", "z2"]
    assert files_of(storage) >= 1
    assert compacted(storage).complete
    assert rows_by_view(storage, tmp_path) == ["a", "c", "z2"]


class Patient(Storage):
    """A storage whose deletions wait."""

    def __init__(self, storage: Storage) -> None:
        self.__dict__.update(storage.__dict__)
        self.waiting: list[str] = []

    def delete(self, path: str) -> None:
        """Later."""
        self.waiting.append(path)


def test_a_deletion_decided_before_cannot_take_what_is_left_of_a_file(storage: Storage, tmp_path: Path) -> None:
    """Of `a`, because `a` and `z` are together elsewhere; `z` is erased there, and only then the deletion arrives."""
    put_of(storage, HER, "a")
    put_of(storage, HER, "a", "z")
    slow = Patient(storage)
    compact(slow, grace=AT_ONCE, now=datetime.now(UTC))
    assert len(slow.waiting) == 1

    assert erased(storage).complete
    for path in slow.waiting:
        storage.delete(path)

    assert rows_by_view(storage, tmp_path) == rows_by_manifest(storage, tmp_path) == ["a"]


def test_it_may_die_between_any_two_steps(storage: Storage, tmp_path: Path) -> None:
    """After each death everybody else's events are one row of the view; in the end none of hers is left anywhere."""
    put_of(storage, HER, "a", "z1")
    put_of(storage, HER, "a", "b", "z2")
    compacted(storage, grace=timedelta(hours=1), typed=True)
    put_of(storage, HER, "c", "z3")
    stored(storage, samples.email(event_id="m", data={"person_id": HER}))
    steps = 0
    while True:
        try:
            erase_persons(Dying(storage, steps), [HER], grace=timedelta(hours=1), now=datetime.now(UTC), typed=True)
        except Died:
            steps += 1
        else:
            break
        others = [each for each in rows_by_view(storage, tmp_path) if each not in {"z1", "z2", "z3", "m"}]
        assert others == ["a", "b", "c"]

    assert steps >= 10
    assert rows_by_view(storage, tmp_path) == rows_by_manifest(storage, tmp_path) == ["a", "b", "c"]
    assert typed_rows(storage, "people", tmp_path, IDS) == [("a",), ("b",), ("c",)]
    assert not is_left(storage)


def test_a_file_that_cannot_be_read_is_named_and_nothing_is_called_complete(storage: Storage) -> None:
    """She may be in it; everything else is erased all the same, and a repeat goes on when it is mended."""
    put_of(storage, HER, "a", "z1")
    path = stored(storage, samples.person(event_id="z2", created_at="2026-03-09T12:00:00Z", data={"person_id": HER}))
    whole = storage.read(path).to_pybytes()
    storage.write(path, whole[:-50])

    done = erased(storage)

    assert (done.complete, done.rows, [each.path for each in done.damaged]) == (False, 1, [path])
    storage.write(path, whole)
    again = erased(storage)
    assert (again.complete, again.rows) == (True, 1)
    assert not is_left(storage)


def test_a_file_with_her_stays_until_the_one_without_her_can_be_read(storage: Storage) -> None:
    """What is in the place of a file is read whole before that is deleted, in an erasure, too."""
    put_of(storage, HER, "a", "z1")

    class Spoiling(Storage):
        def __init__(self) -> None:
            self.__dict__.update(storage.__dict__)

        def write(self, path: str, content: Any) -> None:
            super().write(path, content)
            if path.startswith("events/"):
                spoiled(storage, path)

    done = erase_persons(Spoiling(), [HER], grace=AT_ONCE, now=datetime.now(UTC), typed=False)

    assert not done.complete
    assert [each.problem for each in done.damaged] == ["it cannot be read as Parquet"]
    (old,) = [file for files in folders(storage).values() for file in files if "-" not in file.name]
    assert table_in(storage.read(old.path)).column("event_id").to_pylist() == ["a", "z1"]


def test_two_erasures_at_once(storage: Storage, tmp_path: Path) -> None:
    """One that finds its file replaced by the other's looks again, and in the end nothing of either person is left."""
    put_of(storage, HER, "a", "z1")
    stored(storage, samples.person(event_id="y1", created_at=DAY.isoformat(), data={"person_id": HER + 9}))

    class Overtaken(Storage):
        def __init__(self) -> None:
            self.__dict__.update(storage.__dict__)
            self.others: list[Erasure] = []

        def write(self, path: str, content: Any) -> None:
            super().write(path, content)
            if path == MANIFEST and not self.others:
                self.others.append(erased(storage, HER + 9))

    overtaken = Overtaken()

    done = erased(overtaken)

    assert (done.complete, overtaken.others[0].complete) == (True, True)
    assert rows_by_view(storage, tmp_path) == rows_by_manifest(storage, tmp_path) == ["a"]
    assert check(storage).erasable == 0
