"""A warehouse as an archive: which events a replay means, in which order, and beside a compaction."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from salesloft_webhooks.broker.administration.archived_events import BEGINNING
from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.warehouse import archive as archive_module
from salesloft_webhooks.handlers.builtin.warehouse.archive import Reading, read_archive
from salesloft_webhooks.handlers.builtin.warehouse.contents import folders, table_of_file
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import record_erased
from salesloft_webhooks.handlers.builtin.warehouse.erasure import erase_persons
from salesloft_webhooks.handlers.builtin.warehouse.event_table import parquet_of, row_of, table_of
from salesloft_webhooks.handlers.builtin.warehouse.layout import (
    EVENTS,
    TYPED,
    folder_of,
    generation_of,
    name_of,
    type_of,
)
from salesloft_webhooks.handlers.builtin.warehouse.received_order import NoRoom, ReceivedOrder
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, StoredFile
from tests.integration.handlers.builtin.warehouse.acting import compacted, put, put_of, spoiled, stored
from tests.support import samples
from tests.support.archived_events import archived

HER = 7
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


class Overtaken(Storage):
    """A storage in which something happens after the first listing of files of events, which lacks some."""

    def __init__(self, storage: Storage, lacking: str, meanwhile: Callable[[], object]) -> None:
        self.__dict__.update(storage.__dict__)
        self._acting, self._lacking, self._meanwhile = storage, lacking, meanwhile

    def files(self, folder: str) -> list[StoredFile]:
        """As ever, but for the first."""
        found = self._acting.files(folder)
        if folder == EVENTS and self._lacking:
            found = [file for file in found if file.path != self._lacking]
            self._lacking = ""
            self._meanwhile()
        return found


def test_a_listing_may_lack_what_a_compaction_has_just_moved(storage: Storage) -> None:
    """A file deleted before a listing comes to it, for one written behind it, is in no listing: the next has it."""
    lacking = put(storage, "a")
    put(storage, "b", day=1)

    ids, _ = read(Overtaken(storage, lacking, lambda: put(storage, "a", "c")))

    assert sorted(ids) == ["a", "b", "c"]


def test_only_files_of_events_are_read(storage: Storage) -> None:
    """Not typed tables, manifests and the names of erased persons; one of a later generation is as any other."""
    put_of(storage, HER, "a", "z1")
    put_of(storage, HER, "b")
    erase_persons(storage, [HER], grace=timedelta(hours=1), now=datetime.now(UTC), typed=True)
    generations = [generation_of(file.name) for files in folders(storage).values() for file in files]

    ids, reading = read(storage)

    assert max(generations) == 1
    assert storage.files(TYPED)
    assert (ids, reading.damaged, reading.erased) == (["a", "b"], [], 0)
    assert reading.files == len(generations)


def test_rows_that_wait_for_a_compaction_stay_erased(storage: Storage) -> None:
    """What a worker wrote of an erased person later, about her or ordered by her, is left out, and its number said."""
    record_erased(storage, HER, NOON)
    put_of(storage, HER, "a", "z1")
    put_of(storage, HER, "z1", "z2")
    stored(storage, samples.email(event_id="m", data={"recipient": {"id": HER}, "person_id": HER}))
    stored(storage, samples.event("note.created", {"id": 1}, event_id="n", entity_key=f"person:{HER}"))
    stored(storage, samples.event("account.updated", {"id": HER}, event_id="o", entity_key=f"account:{HER}"))

    ids, reading = read(storage)

    assert sorted(ids) == ["a", "o"]
    assert reading.erased == 4


def test_who_is_erased_meanwhile_is_erased(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure that ends while files are read: hers are left out, and everybody else's events come once."""
    put_of(storage, HER, "a", "za")
    put_of(storage, HER, "b", "zb")
    reads: list[str] = []

    def meanwhile(storage: Storage, file: StoredFile) -> Any:
        found = table_of_file(storage, file)
        if not reads:
            erase_persons(storage, [HER], grace=timedelta(0), now=datetime.now(UTC), typed=False)
        reads.append(file.path)
        return found

    monkeypatch.setattr(archive_module, "table_of_file", meanwhile)

    ids, reading = read(storage)

    assert sorted(ids) == ["a", "b"]
    assert reading.erased == 1


def test_a_file_with_a_bad_page_is_damaged(storage: Storage) -> None:
    """Of a later generation, too: its name is compared with its events, and its pages with their checksums."""
    put_of(storage, HER, "a", "z1")
    erase_persons(storage, [HER], grace=timedelta(0), now=datetime.now(UTC), typed=False)
    (path,) = (file.path for files in folders(storage).values() for file in files)
    spoiled(storage, path)

    ids, reading = read(storage)

    assert (ids, [each.path for each in reading.damaged]) == ([], [path])


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


def test_a_file_without_rows_is_read(storage: Storage) -> None:
    """Nobody of ours writes one; whoever does spoils nothing."""
    put(storage, "a")
    storage.write(f"{folder_of('person.updated', NOON)}/{name_of([])}", parquet_of([table_of([])]))

    assert read(storage, Selection(person="1"))[1].damaged == []
    assert read(storage)[0] == ["a"]


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
