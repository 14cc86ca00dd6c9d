"""Files that are not what they should be: named, left alone, and never a reason to delete others."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.contents import counted_files
from salesloft_webhooks.handlers.builtin.warehouse.event_table import table_in
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, name_of
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile
from tests.integration.handlers.builtin.warehouse.acting import AT_ONCE, compacted, files_of, put, spoiled


def misnamed(storage: Storage, path: str) -> None:
    """A file whose name is another's."""
    storage.write(f"{path.rpartition('/')[0]}/{name_of('x')}", storage.read(path))


def cut_off(storage: Storage, path: str) -> None:
    """Half a file."""
    storage.write(path, storage.read(path).to_pybytes()[:-50])


def foreign(storage: Storage, path: str) -> None:
    """Something else under a name of ours."""
    storage.write(path, b"a,b\n1,2\n")


def written(storage: Storage, path: str, table: pa.Table) -> None:
    """A Parquet file of another table."""
    stream = pa.BufferOutputStream()
    pq.write_table(table, stream)
    storage.write(path, stream.getvalue())


def of_numbers(storage: Storage, path: str) -> None:
    """Ids of another type."""
    written(storage, path, pa.table({"event_id": [1, 2]}))


def without_ids(storage: Storage, path: str) -> None:
    """None at all."""
    written(storage, path, pa.table({"body": ["{}"]}))


def of_a_newer_version(storage: Storage, path: str) -> None:
    """One column more, which joining would lose."""
    table = table_in(storage.read(path))
    written(storage, path, table.append_column("team_id", pa.array([1] * table.num_rows)))


DAMAGES = [misnamed, cut_off, foreign, of_numbers, without_ids, of_a_newer_version, spoiled]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_named_and_left_alone(storage: Storage, damage: Callable[[Storage, str], None]) -> None:
    """No file of its folder is joined or deleted, and what counted there counts on; other folders are seen to."""
    counted = put(storage, "z")
    compacted(storage)
    put(storage, "a")
    path = put(storage, "b")
    put(storage, "c", day=1)
    put(storage, "d", day=1)
    damage(storage, path)
    before = files_of(storage)

    done = compacted(storage)

    assert {each.path.rpartition("/")[0] for each in done.damaged} == {path.rpartition("/")[0]}
    assert (done.written, done.complete) == (1, False)
    assert files_of(storage) == before + 1 - 2
    assert [each for each in counted_files(storage) if "day=2026-03-07" in each] == [counted]
    assert len(counted_files(storage)) == 2
    assert not check(storage).sound


@pytest.mark.parametrize("damage", [cut_off, spoiled])
def test_a_lone_file_is_looked_at_before_it_counts(storage: Storage, damage: Callable[[Storage, str], None]) -> None:
    """What a broken upload left alone in its folder is named, and no manifest has it."""
    path = put(storage, "a")
    whole = storage.read(path).to_pybytes()
    damage(storage, path)

    assert [each.path for each in compacted(storage).damaged] == [path]
    assert storage.find(MANIFEST) is None

    storage.write(path, whole)
    assert compacted(storage).complete


def test_parts_of_a_spoiled_file_are_kept(storage: Storage) -> None:
    """A joined file is read whole, bodies included, before anything is deleted because of it."""
    put(storage, "a")
    put(storage, "b")
    compact(storage, grace=timedelta(hours=1), now=datetime.now(UTC))
    (joined,) = counted_files(storage)
    spoiled(storage, joined)

    done = compacted(storage)

    assert [each.path for each in done.damaged] == [joined]
    assert (done.deleted, files_of(storage)) == (0, 3)


class Lacking(Storage):
    """A storage whose listings lack a day."""

    def __init__(self, storage: Storage, day: str) -> None:
        self.__dict__.update(storage.__dict__)
        self._day = day

    def files(self, folder: str) -> list[StoredFile]:
        """All but those of the day."""
        return [file for file in super().files(folder) if self._day not in file.path]


def test_a_listing_that_lacks_a_day_takes_nothing_out_of_the_manifest(storage: Storage) -> None:
    """What counted and is there counts on, and it is said; what is gone is not."""
    path = put(storage, "a")
    gone = put(storage, "b", day=1)
    put(storage, "c", day=2)
    compacted(storage)

    done = compact(Lacking(storage, "day=2026-03-07"), grace=AT_ONCE, now=datetime.now(UTC))
    assert done.changed == [path.rpartition("/")[0]]
    assert len(counted_files(storage)) == 3

    storage.delete(gone)
    assert compacted(storage).complete
    assert len(counted_files(storage)) == 2


def test_a_manifest_that_nobody_can_read_is_written_anew(storage: Storage) -> None:
    """Whatever is in it."""
    put(storage, "a")
    storage.write(MANIFEST, b"\xff\xfe\n\n")

    assert compacted(storage).complete
    assert check(storage).sound
