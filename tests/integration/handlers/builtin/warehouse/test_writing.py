"""What the group `warehouse` stores: rows, files and their names, and what it says when it cannot."""

import asyncio
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.contents import folders
from salesloft_webhooks.handlers.builtin.warehouse.event_table import SCHEMA, table_in
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.integration.handlers.builtin.warehouse.acting import spoiled
from tests.support import samples
from tests.support.s3_server import S3Server
from tests.support.warehouse_queries import rows_by_view


def paths(storage: Storage) -> list[str]:
    """Of all files of events."""
    return [file.path for files in folders(storage).values() for file in files]


def happened(event_id: str, day: str = "2026-03-07", event_type: str = "person.updated") -> Event:
    """An event of a day."""
    return samples.person(event_type, event_id=event_id, created_at=f"{day}T12:00:00Z")


async def test_an_event_becomes_a_row_with_everything_it_says(
    section: dict[str, object], storage: Storage, tmp_path: Path
) -> None:
    """Through the group as a worker loads it: ids, times, and the body to the letter, in the folder of type and day."""
    file = tmp_path / "handlers.yaml"
    file.write_text(yaml.safe_dump({"warehouse": {**section, "max_wait_seconds": 0}}))
    settings = Settings.load(handlers_file=file)
    account = {"_href": "https://api.salesloft.com/v2/accounts/9", "id": 9}
    event = samples.person(data={"account": account, "note": "Łódź \u2028"}, event_id="person.updated/1/x")

    async with load_group("warehouse", (), settings).open(settings) as running:
        await running.check_ready()
        await running.handle(event)

    (path,) = paths(storage)
    assert path.startswith("events/type=person.updated/day=2026-03-07/")
    table = table_in(storage.read(path))
    assert table.schema.equals(SCHEMA)
    (row,) = table.to_pylist()
    assert row.pop("body") == event.raw_data.decode()
    assert row == {
        "event_id": "person.updated/1/x",
        "event_type": "person.updated",
        "source": "default",
        "occurred_at": event.happened_at,
        "created_at": "2026-03-07T04:26:14.444910-05:00",
        "received_at": event.received_at,
        "entity_key": "",
        "person_id": samples.PERSON_ID,
        "user_id": samples.USER_ID,
        "account_id": 9,
        "resource_id": samples.PERSON_ID,
    }


async def test_each_type_and_day_has_its_folder(storage: Storage) -> None:
    """By the day in UTC; what states no time has Hive's null for a day, whenever it was received."""
    late = samples.person(event_id="late", created_at="2026-03-07T23:30:00-05:00")
    untimed = samples.person(event_id="untimed", created_at="one day", received_at=datetime(2026, 5, 1, tzinfo=UTC))
    events = [happened("a"), happened("b", event_type="person.created"), late, untimed]

    assert await WarehouseWriter(storage, 60).write(events) == {}

    assert list(folders(storage)) == [
        "events/type=person.created/day=2026-03-07",
        "events/type=person.updated/day=2026-03-07",
        "events/type=person.updated/day=2026-03-08",
        "events/type=person.updated/day=__HIVE_DEFAULT_PARTITION__",
    ]


async def test_a_repeat_is_the_same_file(storage: Storage) -> None:
    """The same events in another order, one of them twice, give the same name and bytes."""
    events = [happened(name) for name in "abc"]
    writer = WarehouseWriter(storage, 60)
    await writer.write(events)
    (path,) = paths(storage)
    before = storage.read(path).to_pybytes()

    await writer.write([events[2], *events])

    assert paths(storage) == [path]
    assert storage.read(path).to_pybytes() == before


async def test_what_a_broken_upload_left_is_written_again(storage: Storage) -> None:
    """A file of the right name that is cut off does not pass for the events."""
    events = [happened("a"), happened("b")]
    writer = WarehouseWriter(storage, 60)
    await writer.write(events)
    (path,) = paths(storage)
    whole = storage.read(path).to_pybytes()
    storage.write(path, whole[:100])

    await writer.write(events)

    assert storage.read(path).to_pybytes() == whole


async def test_damage_of_the_same_size_is_written_again_too(storage: Storage) -> None:
    """What is there passes only if all of it can be read, bodies included."""
    events = [happened("a")]
    writer = WarehouseWriter(storage, 60)
    await writer.write(events)
    (path,) = paths(storage)
    whole = storage.read(path).to_pybytes()
    spoiled(storage, path)
    assert storage.read(path).to_pybytes() != whole

    await writer.write(events)

    assert storage.read(path).to_pybytes() == whole


async def test_a_row_that_was_there_stays_as_it_was(storage: Storage) -> None:
    """An event that comes again with another body, alone as before, does not change what somebody may have read."""
    writer = WarehouseWriter(storage, 60)
    for title in ("first", "second"):
        await writer.write([samples.person(event_id="a", data={"title": title})])

    (path,) = paths(storage)
    assert '"first"' in table_in(storage.read(path)).column("body")[0].as_py()


async def test_a_type_that_no_folder_can_be_named_by_is_given_up() -> None:
    """It would be refused in every attempt, and holds up nobody."""
    writer = WarehouseWriter(Storage(None, "", "", local=True), 60)

    failures = await writer.write([samples.event("a" + 90 * ":", {}, event_id="odd")])

    assert isinstance(failures["odd"], PermanentError)


async def test_two_workers_beside_each_other_store_nothing_twice_for_readers(storage: Storage, tmp_path: Path) -> None:
    """Batches that overlap, written at the same moment by two workers: each event is one row of the view."""
    events = [happened(f"e{number:03}") for number in range(60)]
    one, other = WarehouseWriter(storage, 60), WarehouseWriter(storage, 60)

    outcomes = await asyncio.gather(
        one.write(events[:40]), other.write(events[20:]), one.write(events[30:50]), other.write(events[:40])
    )

    assert [dict(outcome) for outcome in outcomes] == [{}, {}, {}, {}]
    assert rows_by_view(storage, tmp_path) == [event.event_id for event in events]


async def test_without_its_bucket_the_group_waits(s3: S3Server) -> None:
    """Storage that refuses pauses the group and costs no attempt; the reason is AWS' word, and no address is in it."""
    configuration = WarehouseConfiguration.model_validate(s3.section("s3://no-such-bucket-here/x"))
    writer = WarehouseWriter(open_storage(configuration), 60)

    with pytest.raises(Unavailable, match="bucket is not there"):
        await writer.check_ready()
    failures = await writer.write([happened("a")])

    error = failures["a"]
    assert isinstance(error, Unavailable)
    assert str(error).startswith("the warehouse cannot ")
    assert (error.__context__, error.__cause__) == (None, None)
    assert "no-such-bucket-here" not in str(error)


async def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """What is not mounted would be the disk beneath, on which nothing is called done; the group waits."""
    writer = WarehouseWriter(open_storage(WarehouseConfiguration(url=f"file://{tmp_path}/mounted/warehouse")), 60)
    (tmp_path / "mounted").mkdir()

    with pytest.raises(Unavailable, match="is not there"):
        await writer.check_ready()
    failures = await writer.write([happened("a")])

    assert isinstance(failures["a"], Unavailable)
    assert not list((tmp_path / "mounted").iterdir())


class Silent(Storage):
    """Storage that never answers before it is released."""

    def __init__(self) -> None:
        super().__init__(None, "", "", local=True)
        self.released = threading.Event()

    def check_reachable(self) -> None:
        """Wait in the thread."""
        self.released.wait()


async def test_storage_that_does_not_answer_makes_the_group_wait() -> None:
    """The time-out is ours, and says that the storage is away, not that the event failed."""
    silent = Silent()
    writer = WarehouseWriter(silent, 0.05)

    with pytest.raises(Unavailable, match="does not answer"):
        await writer.check_ready()

    silent.released.set()


async def test_the_file_of_one_day_does_not_hold_up_the_other(tmp_path: Path) -> None:
    """Where one file cannot be stored, only its events wait."""
    storage = open_storage(WarehouseConfiguration(url=f"file://{tmp_path}"))
    (tmp_path / "events/type=person.updated").mkdir(parents=True)
    (tmp_path / "events/type=person.updated/day=2026-03-08").write_text("in the way")

    failures = await WarehouseWriter(storage, 60).write([happened("a"), happened("b", "2026-03-08")])

    assert [(name, type(error)) for name, error in failures.items()] == [("b", Retry)]
    assert json.dumps(paths(storage)).count("day=2026-03-07") == 1


async def test_nobody_else_on_the_machine_reads_it(tmp_path: Path) -> None:
    """Files and folders are for their owner and the group."""
    await WarehouseWriter(open_storage(WarehouseConfiguration(url=f"file://{tmp_path}")), 60).write([happened("a")])

    made = list((tmp_path / "events").rglob("*"))
    assert len(made) == 3
    assert not [path for path in made if path.stat().st_mode & 0o007]
