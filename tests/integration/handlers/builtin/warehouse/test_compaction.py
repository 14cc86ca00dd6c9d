"""Compaction: one file for each type and day, each event once; what is damaged is left alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, name_of
from salesloft_webhooks.handlers.builtin.warehouse.storage import UNFINISHED, Storage, open_storage
from tests.integration.handlers.builtin.warehouse.acting import AT_ONCE, compacted, files_of, put
from tests.support.warehouse_queries import rows_by_manifest, rows_by_view


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


def test_a_lone_file_is_looked_at_before_it_counts(storage: Storage) -> None:
    """What a broken upload left alone in its folder is named, and no manifest has it."""
    path = put(storage, "a")
    whole = storage.read(path).to_pybytes()
    cut_off(storage, path)

    assert [each.path for each in compacted(storage).damaged] == [path]
    assert storage.find(MANIFEST) is None

    storage.write(path, whole)
    assert compacted(storage).complete


def test_a_manifest_that_names_what_is_gone_is_found(storage: Storage) -> None:
    """`check` says which file is missing, and the next compaction writes a manifest of what there is."""
    path = put(storage, "a")
    put(storage, "b", day=1)
    compacted(storage)
    storage.delete(path)

    assert check(storage).missing == [storage.address_of(path)]

    compacted(storage)
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
