"""A warehouse as an archive: which events a replay means, in which order, and beside a compaction."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salesloft_webhooks.broker.administration.archive_replay import BEGINNING
from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.warehouse import archive as archive_module
from salesloft_webhooks.handlers.builtin.warehouse.archive import Reading, read_archive
from salesloft_webhooks.handlers.builtin.warehouse.contents import table_of_file
from salesloft_webhooks.handlers.builtin.warehouse.event_table import parquet_of, row_of, table_of
from salesloft_webhooks.handlers.builtin.warehouse.layout import folder_of, name_of, type_of
from salesloft_webhooks.handlers.builtin.warehouse.received_order import NoRoom, ReceivedOrder
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile
from tests.integration.handlers.builtin.warehouse.acting import compacted, put
from tests.support import samples
from tests.support.archived_events import archived

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)


def keep(storage: Storage, *events: Any) -> None:
    """Store a file for each event."""
    for event in events:
        folder = folder_of(event.event_type, datetime.fromisoformat(event.created_at))
        content = parquet_of([table_of([row_of(event)])])
        storage.write(f"{folder}/{name_of([event.event_id])}", content)


def read(storage: Storage, selection: Selection | None = None) -> tuple[list[str], Reading]:
    """The ids of what is meant, in their order."""
    with ReceivedOrder() as order:
        reading = read_archive(storage, selection or Selection(), order)
        return [event.event_id for batch in order.batches(BEGINNING, 2) for event in batch], reading


def test_the_order_is_that_of_receipt(storage: Storage) -> None:
    """By the time of receipt, within the same by when it happened, and then by the id, over all files and days."""
    later, earlier = NOON + timedelta(hours=30), NOON - timedelta(hours=1)
    times = {
        "d": (NOON, later),
        "c": (NOON, NOON),
        "a": (NOON, later),
        "b": (earlier, later),
        "e": (NOON + timedelta(milliseconds=1), earlier),
    }
    keep(
        storage,
        *(
            samples.person(event_id=name, received_at=received, created_at=happened.isoformat())
            for name, (received, happened) in times.items()
        ),
    )

    assert read(storage)[0] == ["b", "c", "a", "d", "e"]


def test_an_event_of_two_days_comes_when_it_was_received_first(storage: Storage) -> None:
    """An id that came again with another day is one event, whichever of its rows is read first."""
    for days in (1, 0, 2):
        when = NOON + timedelta(days=days)
        keep(storage, samples.person(event_id="twice", received_at=when, created_at=when.isoformat()))
    soon = NOON + timedelta(hours=1)
    keep(storage, samples.person(event_id="between", received_at=soon, created_at=NOON.isoformat()))

    assert read(storage)[0] == ["twice", "between"]


def test_only_files_that_may_have_something_are_read(storage: Storage) -> None:
    """Other types, and what was written before the time that is meant, are passed over unread."""
    keep(storage, samples.person(event_id="person"), samples.email(event_id="email"))

    by_type, reading = read(storage, Selection(types=("email.*",)))
    by_time, late = read(storage, Selection(since=datetime.now(UTC) + timedelta(hours=2)))

    assert (by_type, reading.files, reading.passed_over) == (["email"], 1, 1)
    assert (by_time, late.files, late.passed_over, late.empty) == ([], 0, 2, False)


def test_a_compaction_meanwhile_loses_nothing(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are joined and deleted while the archive is read are found in what has their events."""
    for name in "abcd":
        put(storage, name)
    reads: list[str] = []

    def meanwhile(storage: Storage, file: StoredFile) -> Any:
        reads.append(file.path)
        if len(reads) == 1:
            compacted(storage)
        return table_of_file(storage, file)

    monkeypatch.setattr(archive_module, "table_of_file", meanwhile)

    ids, reading = read(storage)

    assert sorted(ids) == ["a", "b", "c", "d"]
    assert reading.files < len(reads)


def test_files_that_change_all_the_time_are_no_archive(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some rounds it is said, and nothing is passed over in silence."""
    put(storage, "a")

    def gone(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(archive_module, "table_of_file", gone)

    with pytest.raises(Unavailable, match="change all the time"):
        read(storage)


def test_damage_is_named_and_nothing_of_it_is_taken(storage: Storage) -> None:
    """The other files are read all the same: who calls decides."""
    put(storage, "a")
    damaged = put(storage, "b", day=1)
    storage.write(damaged, b"broken")

    ids, reading = read(storage)

    assert ids == ["a"]
    assert [(each.path, each.problem) for each in reading.damaged] == [(damaged, "it cannot be read as Parquet")]


def test_a_full_temporary_folder_is_said() -> None:
    """What cannot be sorted for want of room is an error of one line, and no crash."""
    with ReceivedOrder() as order:
        order._database.execute("PRAGMA max_page_count = 3")

        with pytest.raises(NoRoom, match="TMPDIR"):
            order.add(archived(number, name=f"{number}" * 200) for number in range(500))


def test_a_folder_says_its_type() -> None:
    """The inverse of how it is named, whatever the type has in it."""
    names = ["person.updated", "a/b:c d.é"]

    assert [type_of(folder_of(name, NOON)) for name in names] == names
