"""What a worker reports of compactions, which others run: when one was complete, when one began, what is damaged."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.compaction_record import CompactionRecord
from salesloft_webhooks.handlers.builtin.warehouse.compaction_watch import AFTER_FAILURE_SECONDS, CompactionWatch
from salesloft_webhooks.handlers.builtin.warehouse.layout import LAST_COMPACTION
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import CompactionTelemetry
from salesloft_webhooks.telemetry.metrics import WORKER
from tests.integration.handlers.builtin.warehouse.acting import AT_ONCE, Died, Dying, put, spoiled
from tests.support.waiting import eventually

HOUR = timedelta(hours=1)
NIGHT = datetime(2026, 11, 30, 3, tzinfo=UTC)
Seen = Callable[[str], float | None]


@pytest.fixture
def group(request: pytest.FixtureRequest) -> str:
    """A name of the test's own: metrics live as long as the process."""
    return str(request.node.name)


@pytest.fixture
def seen(group: str) -> Seen:
    """What is reported for the group, by the end of the metric's name."""
    return lambda name: WORKER.get_sample_value(f"salesloft_webhooks_warehouse_{name}", {"group": group})


def watch(storage: Storage, group: str) -> CompactionWatch:
    """One that may take a minute."""
    return CompactionWatch(storage, CompactionTelemetry(group, 7_200), 60)


async def test_a_complete_compaction_is_seen_until_the_next(storage: Storage, group: str, seen: Seen) -> None:
    """By when it began; one in between that found damage has begun and is not complete, and says how much there is."""
    put(storage, "a")
    own = watch(storage, group)
    compact(storage, grace=AT_ONCE, now=NIGHT)
    await own.look()
    assert (seen("compacted_timestamp_seconds"), seen("damaged_files")) == (NIGHT.timestamp(), 0)
    assert seen("compaction_limit_seconds") == 7_200

    path = put(storage, "b")
    whole = storage.read(path).to_pybytes()
    spoiled(storage, path)
    compact(storage, grace=AT_ONCE, now=NIGHT + HOUR)
    await own.look()
    assert (seen("compacted_timestamp_seconds"), seen("damaged_files")) == (NIGHT.timestamp(), 1)
    assert seen("compaction_begun_timestamp_seconds") == (NIGHT + HOUR).timestamp()

    storage.write(path, whole)
    compact(storage, grace=AT_ONCE, now=NIGHT + 2 * HOUR)
    await own.look()
    assert (seen("compacted_timestamp_seconds"), seen("damaged_files")) == ((NIGHT + 2 * HOUR).timestamp(), 0)


async def test_one_that_dies_has_begun_and_is_not_complete(storage: Storage, group: str, seen: Seen) -> None:
    """At whatever step, the last ones included; only what has come to its end counts."""
    put(storage, "a", "b")
    compact(storage, grace=AT_ONCE, now=NIGHT, typed=True)
    own, steps = watch(storage, group), 2  # before that it has not said that it begins
    while True:
        now = NIGHT + steps * HOUR
        with pytest.raises(Died):
            compact(Dying(storage, steps), grace=AT_ONCE, now=now, typed=True)
        await own.look()
        assert seen("compaction_begun_timestamp_seconds") == now.timestamp()
        if seen("compacted_timestamp_seconds") == now.timestamp():
            break  # it has written that it was complete, and died behind that
        assert seen("compacted_timestamp_seconds") == NIGHT.timestamp()
        steps += 1

    assert steps == 9  # two for each write: that it begins, two manifests, since when they count, that it has ended


async def test_a_clock_that_is_ahead_does_not_put_the_alert_off(storage: Storage, group: str, seen: Seen) -> None:
    """A compaction cannot have been complete after its own word of it was stored."""
    put(storage, "a")
    compact(storage, grace=AT_ONCE, now=datetime.now(UTC) + 720 * HOUR)

    await watch(storage, group).look()

    compacted = seen("compacted_timestamp_seconds")
    assert compacted is not None
    assert compacted < (datetime.now(UTC) + HOUR).timestamp()


async def test_before_the_first_one_the_oldest_file_waits(tmp_path: Path, group: str, seen: Seen) -> None:
    """So that whoever never compacts is seen, over restarts, too; an empty warehouse waits for nothing."""
    storage = open_storage(WarehouseConfiguration(url=f"file://{tmp_path}"))
    own = watch(storage, group)
    await own.look()
    assert seen("compacted_timestamp_seconds") is None
    assert seen("compaction_begun_timestamp_seconds") is None

    os.utime(tmp_path / put(storage, "a"), (1_700_000_000, 1_700_000_000))
    put(storage, "b")
    await own.look()
    assert seen("compacted_timestamp_seconds") == 1_700_000_000

    CompactionRecord(NIGHT).write(storage)  # the first one has died
    await watch(storage, group).look()
    assert seen("compacted_timestamp_seconds") == 1_700_000_000
    assert seen("compaction_begun_timestamp_seconds") == NIGHT.timestamp()


@pytest.mark.parametrize("record", [None, b"", b'{"begun": "2026-11-30T03:00:00"}', b"[]"], ids=str)
async def test_a_warehouse_without_a_record_goes_by_its_manifest(
    tmp_path: Path, group: str, seen: Seen, record: bytes | None
) -> None:
    """That a version before this one has written, and the next compaction takes over."""
    storage = open_storage(WarehouseConfiguration(url=f"file://{tmp_path}"))
    put(storage, "a")
    compact(storage, grace=AT_ONCE, now=NIGHT)
    os.utime(tmp_path / "manifest.txt", (1_700_000_000, 1_700_000_000))
    storage.delete(LAST_COMPACTION)
    if record is not None:
        storage.write(LAST_COMPACTION, record)

    await watch(storage, group).look()
    assert seen("compacted_timestamp_seconds") == 1_700_000_000

    with pytest.raises(Died):
        compact(Dying(storage, 1), grace=AT_ONCE, now=NIGHT)
    found = CompactionRecord.read(storage)
    assert found == CompactionRecord(NIGHT, datetime.fromtimestamp(1_700_000_000, UTC))


class Refusing(Storage):
    """A storage that may not be read, or does not answer."""

    def __init__(self, *, silent: bool) -> None:
        super().__init__(None, "", "", local=True)
        self.released = threading.Event()
        self._silent = silent

    def read(self, path: str) -> Any:
        """Never."""
        if self._silent:
            self.released.wait()
        raise Unavailable(f"the warehouse cannot read a file: {path}", after=15)


@pytest.mark.parametrize("silent", [False, True])
async def test_storage_that_does_not_let_us_look_changes_nothing(group: str, seen: Seen, *, silent: bool) -> None:
    """What was reported stays, and the log has one line for all looks in a row."""
    storage = Refusing(silent=silent)
    own = CompactionWatch(storage, CompactionTelemetry(group, 7_200), 0.05)

    with capture_logs() as logs:
        for failures in (1, 2):
            with pytest.raises((Unavailable, TimeoutError)) as error:
                await own.look()
            assert own.later(error.value, failures) == AFTER_FAILURE_SECONDS

    assert [each["event"] for each in logs] == ["warehouse.compaction_unseen"]
    assert seen("compacted_timestamp_seconds") is None
    storage.released.set()


@pytest.mark.parametrize("hours", [0, 26])
async def test_a_worker_looks_for_as_long_as_it_lives(tmp_path: Path, hours: int) -> None:
    """As it is loaded, before its first event; with `compaction_hours: 0` it does not."""
    (tmp_path / "warehouse").mkdir()
    section = {"url": f"file://{tmp_path}/warehouse", "compaction_hours": hours}
    (tmp_path / "handlers.yaml").write_text(yaml.safe_dump({"warehouse": section}))
    storage = open_storage(WarehouseConfiguration.model_validate(section))
    now = NIGHT + timedelta(seconds=hours)  # another one than in the other case
    compact(storage, grace=AT_ONCE, now=now)
    settings = Settings.load(handlers_file=tmp_path / "handlers.yaml")
    name, own = "salesloft_webhooks_warehouse_compacted_timestamp_seconds", {"group": "warehouse"}

    async with load_group("warehouse", (), settings).open(settings) as running:
        if hours:
            await eventually(lambda: WORKER.get_sample_value(name, own) == now.timestamp(), "it has looked")
        await running.check_ready()

    assert (WORKER.get_sample_value(name, own) == now.timestamp()) is bool(hours)
