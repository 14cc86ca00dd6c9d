"""Typed tables: each event that counts is one row of its resource's table, and DuckDB knows what its columns are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.contents import folders_below
from salesloft_webhooks.handlers.builtin.warehouse.layout import TYPED, typed_manifest, typed_path
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from tests.integration.handlers.builtin.warehouse.acting import AT_ONCE, Died, Dying, compacted, put, spoiled, stored
from tests.support import samples
from tests.support.warehouse_queries import typed_rows

IDS = "SELECT _event_id FROM {} ORDER BY 1"
CURRENT = """
    SELECT id, first_name, success_count, owner.id, custom_fields->>'tier', _others->>'plan' FROM {}
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY _occurred_at DESC, _received_at DESC) = 1 ORDER BY id
"""


def of_person(number: int, hour: int, **fields: object) -> Event:
    """A version of a person."""
    data = {"id": number, "person_id": number, **fields}
    when = f"2026-03-07T{hour:02}:00:00Z"
    return samples.person(event_id=f"{number}/{hour}", created_at=when, data=data)


def typed_files(storage: Storage) -> list[str]:
    """The paths of all files of typed tables."""
    return [file.path for files in folders_below(storage, TYPED).values() for file in files]


async def test_the_last_event_is_the_state_of_a_person(storage: Storage, tmp_path: Path) -> None:
    """From batches that overlap, by the manifest: typed columns, references, free-form fields and unknown ones."""
    writer = WarehouseWriter(storage, 60)
    old, new = of_person(1, 8, first_name="Robin"), of_person(1, 9, first_name="Roberta", success_count="2")
    other = of_person(2, 7, custom_fields={"tier": "gold"}, plan="x", owner={"id": "51550"})
    for batch in ([new, old], [old, other], [samples.email(event_id="m"), samples.event("conversation.created", {})]):
        assert await writer.write(batch) == {}

    done = compacted(storage, typed=True)

    assert done.complete
    assert typed_rows(storage, "people", tmp_path, CURRENT) == [
        (1, "Roberta", 2, samples.USER_ID, None, None),
        (2, "Robin", None, 51550, "gold", "x"),
    ]
    assert typed_rows(storage, "emails", tmp_path, "SELECT subject, counts.views, recipient.id FROM {}") == [
        ("Hello", 1, samples.PERSON_ID)
    ]
    assert {path.rpartition("/")[0] for path in typed_files(storage)} == {
        "typed/people/event_type=person.updated/event_day=2026-03-07",
        "typed/emails/event_type=email.opened/event_day=2026-03-07",
    }


def test_unasked_there_are_none(storage: Storage) -> None:
    """Not a folder, and not a manifest."""
    put(storage, "a")

    assert compacted(storage).typed is None
    assert storage.files(TYPED) == []


def test_what_was_stored_before_is_in_them_too(storage: Storage, tmp_path: Path) -> None:
    """Switched on later, they have all that the events' manifest has; doing it again writes nothing."""
    put(storage, "a")
    put(storage, "b", day=1)
    compacted(storage)

    first, again = compacted(storage, typed=True), compacted(storage, typed=True)

    assert first.typed is not None
    assert again.typed is not None
    assert (first.typed.written, again.typed.written, again.typed.deleted) == (2, 0, 0)
    assert first.typed.files == again.typed.files == typed_files(storage)
    assert typed_rows(storage, "people", tmp_path, IDS) == [("a",), ("b",)]


def test_a_day_that_grows_is_written_anew_and_the_older_file_stays_for_a_while(
    storage: Storage, tmp_path: Path
) -> None:
    """As long as a query may be reading it; no reader by the manifest counts both."""
    hours = [datetime.now(UTC) + timedelta(hours=each) for each in range(4)]
    grace = timedelta(minutes=50)
    path = put(storage, "a")
    compact(storage, grace=grace, now=hours[0], typed=True)
    put(storage, "b")

    compact(storage, grace=grace, now=hours[1], typed=True)
    assert len(typed_files(storage)) == 2
    assert typed_rows(storage, "people", tmp_path, IDS) == [("a",), ("b",)]

    compact(storage, grace=grace, now=hours[2], typed=True)
    assert typed_path("people", path) not in typed_files(storage)
    assert typed_rows(storage, "people", tmp_path, IDS) == [("a",), ("b",)]


def test_what_is_gone_of_events_is_gone_of_these(storage: Storage, tmp_path: Path) -> None:
    """Files of events that somebody has deleted: their rows count no more at once, and are gone a compaction later."""
    path = put(storage, "a")
    put(storage, "b", day=1)
    compacted(storage, typed=True)
    storage.delete(path)

    compacted(storage, typed=True)
    assert typed_rows(storage, "people", tmp_path, IDS) == [("b",)]
    compacted(storage, typed=True)
    assert typed_path("people", path) not in typed_files(storage)


def test_files_of_earlier_columns_stay_and_are_read_beside(storage: Storage, tmp_path: Path) -> None:
    """A column that a later version brings is null in them; what is deleted is made anew, with all columns."""
    put(storage, "a")
    compacted(storage, typed=True)
    (path,) = typed_files(storage)
    table = pq.read_table(pa.BufferReader(storage.read(path)))
    stream = pa.BufferOutputStream()
    pq.write_table(table.drop_columns(["title"]), stream)
    storage.write(path, stream.getvalue())
    put(storage, "b", day=1)
    titles = "SELECT _event_id, title IS NULL FROM {} ORDER BY 1"

    compacted(storage, typed=True)
    assert typed_rows(storage, "people", tmp_path, titles) == [("a", True), ("b", False)]

    storage.delete(path)
    compacted(storage, typed=True)
    assert typed_rows(storage, "people", tmp_path, titles) == [("a", False), ("b", False)]


def test_half_a_file_that_never_counted_is_written_again(storage: Storage, tmp_path: Path) -> None:
    """What a broken upload left under the right name does not pass for its rows."""
    path = typed_path("people", put(storage, "a"))
    storage.write(path, b"PAR1 and no more")

    done = compacted(storage, typed=True)

    assert done.typed is not None
    assert done.typed.written == 1
    assert typed_rows(storage, "people", tmp_path, IDS) == [("a",)]


def test_what_cannot_be_read_is_named_and_what_counted_counts_on(storage: Storage, tmp_path: Path) -> None:
    """A file of events is spoiled between two compactions: its rows stay as they are, and the exit code says so."""
    path = put(storage, "a")
    compacted(storage, typed=True)
    storage.delete(typed_path("people", path))
    spoiled(storage, path)
    put(storage, "b", day=1)

    done = compacted(storage, typed=True)

    assert [each.path for each in done.damaged] == [path]
    assert not done.complete
    assert typed_rows(storage, "people", tmp_path, IDS) == [("b",)]


def test_it_may_die_between_any_two_steps(storage: Storage, tmp_path: Path) -> None:
    """After each death the tables have what they had before or all there is, each event once; then it is finished."""
    stored(storage, of_person(1, 1), of_person(1, 2))
    compacted(storage, typed=True)
    before = typed_rows(storage, "people", tmp_path, IDS)
    stored(storage, of_person(1, 2), of_person(2, 3))
    put(storage, "x", day=1)
    every = [("1/1",), ("1/2",), ("2/3",), ("x",)]
    steps = 0
    while True:
        now = datetime.now(UTC) + timedelta(seconds=2)
        try:
            compact(Dying(storage, steps), grace=AT_ONCE, now=now, typed=True)
        except Died:
            steps += 1
        else:
            break
        assert typed_rows(storage, "people", tmp_path, IDS) in (before, every)

    assert steps >= 6
    assert typed_rows(storage, "people", tmp_path, IDS) == every
    assert storage.find(typed_manifest("emails")) is None
