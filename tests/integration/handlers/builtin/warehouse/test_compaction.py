"""Compaction: one file for each type and day, each event once; what is damaged is left alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST
from salesloft_webhooks.handlers.builtin.warehouse.local_files import UNFINISHED
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
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
    """From when the manifest first named another in their place, whenever that was written; no reader counts them."""
    counted = put(storage, "b")
    hours = [datetime.now(UTC) + timedelta(hours=each) for each in range(4)]
    grace = timedelta(minutes=50)
    compact(storage, grace=grace, now=hours[0])
    put(storage, "a")

    joined = compact(storage, grace=grace, now=hours[2])
    assert (joined.written, joined.deleted) == (1, 0)
    assert rows_by_manifest(storage, tmp_path) == rows_by_view(storage, tmp_path) == ["a", "b"]
    assert storage.find(counted) is not None

    assert compact(storage, grace=grace, now=hours[2] + timedelta(minutes=40)).deleted == 0
    assert compact(storage, grace=grace, now=hours[3]).deleted == 2
    assert files_of(storage) == 1


def test_what_the_manifest_named_a_moment_ago_is_not_deleted(storage: Storage, tmp_path: Path) -> None:
    """A compaction died between joined file and manifest long ago: the next one leaves what counted until then."""
    counted = put(storage, "b")
    compacted(storage)
    put(storage, "a")
    put(storage, "a", "b")

    done = compact(storage, grace=AT_ONCE, now=datetime.now(UTC) + timedelta(days=9))

    assert storage.find(counted) is not None
    assert done.deleted == 1
    assert rows_by_manifest(storage, tmp_path) == ["a", "b"]


def test_an_empty_warehouse_has_no_manifest(storage: Storage) -> None:
    """Nothing to do is done, and checked; an empty list would be read as every file there is by some."""
    assert compacted(storage).complete
    assert storage.find(MANIFEST) is None
    assert check(storage).sound


def test_events_of_two_days_under_one_id_are_said(storage: Storage, tmp_path: Path) -> None:
    """A sender that gives an id again with another time: one row for each day, one of the view, and `check` says so."""
    put(storage, "a", "b")
    put(storage, "a", day=1)

    assert compacted(storage).complete
    assert rows_by_view(storage, tmp_path) == ["a", "b"]
    found = check(storage)
    assert (found.events, found.counted, found.counted_rows, found.other_days, found.sound) == (2, 2, 3, 1, True)


def test_a_manifest_that_names_what_is_gone_is_found(storage: Storage) -> None:
    """`check` says which file is missing, and the next compaction writes a manifest of what there is."""
    path = put(storage, "a")
    put(storage, "b", day=1)
    compacted(storage)
    storage.delete(path)

    assert check(storage).missing == [path]

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
