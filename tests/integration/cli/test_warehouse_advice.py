"""What `warehouse check` says about what is wrong, and what to do about it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.handlers.builtin.warehouse.compaction_record import CompactionRecord
from salesloft_webhooks.handlers.builtin.warehouse.contents import counted_files, folders, folders_below
from salesloft_webhooks.handlers.builtin.warehouse.event_table import table_in
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from tests.integration.cli.administered import Console

BRINGS = "salesloft-webhooks warehouse compact brings the typed tables to what the manifest of events counts"
OFF = "typed tables are switched off (`typed`), and stay as they are: switch them on, or delete `typed`"
Advised = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def advised(storage: Storage, console: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Advised:
    """The exit code of `check` and what it advises, with these fields in the section, which stay."""
    file = tmp_path / "typed.yaml"
    url = Path(storage.address_of("x")).parent.as_uri()
    monkeypatch.setenv("HANDLERS_FILE", str(file))
    file.write_text(yaml.safe_dump({"warehouse": {"url": url}}))

    def check(**fields: object) -> tuple[int, list[str]]:
        file.write_text(yaml.safe_dump({"warehouse": {"url": url, **fields}}))
        result = console.run("warehouse", "check", "--json")
        return result.exit_code, [each.partition(";")[0] for each in json.loads(result.stdout)["do"]]

    return check


def test_typed_tables_come_with_what_to_do(storage: Storage, console: Console, advised: Advised) -> None:
    """Behind, as they should be, switched off, damaged, and without a file."""
    console.run("warehouse", "compact")
    behind = advised(typed=True)
    console.run("warehouse", "compact")
    fine, off, _ = advised(typed=True), advised(), advised(typed=True)
    ((typed, *_),) = folders_below(storage, "typed").values()
    storage.write(typed.path, b"broken")
    broken, broken_and_off = advised(typed=True), advised()
    advised(typed=True)
    storage.delete(typed.path)
    lacking = advised(typed=True)
    console.run("warehouse", "compact")

    assert behind == (0, [f"{BRINGS} (1 file(s) are not)"])
    assert fine == advised(typed=True) == (0, [])
    assert off == (0, [OFF])
    assert broken == (ExitCode.FAILED, ["delete the damaged files of `typed`"])
    assert broken_and_off == (ExitCode.FAILED, [OFF])  # no compaction would make it anew
    assert lacking == (ExitCode.FAILED, [f"{BRINGS} (0 file(s) are not)"])


def test_compactions_that_have_not_run_are_named(storage: Storage, console: Console, advised: Advised) -> None:
    """After as many hours as the section says; that is nothing wrong with the files."""
    console.run("warehouse", "compact")
    CompactionRecord(datetime.now(UTC), datetime.now(UTC) - timedelta(hours=30)).write(storage)

    old, allowed, unwatched = (advised(compaction_hours=hours) for hours in (26, 40, 0))

    assert old == (0, ["see why compactions do not run or end: the last complete one began 30 hours ago"])
    assert allowed == unwatched == (0, [])


def test_events_come_with_what_to_do(storage: Storage, console: Console, advised: Advised) -> None:
    """A file that is named and not there, and one that is damaged."""
    console.run("warehouse", "compact")
    counted = counted_files(storage)[0]
    whole = storage.read(counted).to_pybytes()
    storage.delete(counted)
    gone = advised()
    storage.write(counted, whole[:-9])
    code, damaged = advised()

    assert gone == (ExitCode.FAILED, ["salesloft-webhooks warehouse compact writes the manifest anew of what is there"])
    assert (code, [each.partition(" or ")[0] for each in damaged]) == (
        ExitCode.FAILED,
        ["restore the damaged files of `events` from a copy,"],
    )


def test_a_file_of_a_newer_version_is_not_to_be_deleted(storage: Storage, console: Console) -> None:
    """It is named as what it is: nobody is advised to throw away what this version only does not know."""
    ((first, *_),) = folders(storage).values()
    table = table_in(storage.read(first.path))
    stream = pa.BufferOutputStream()
    pq.write_table(table.append_column("team_id", pa.array([1] * table.num_rows)), stream)
    storage.write(first.path, stream.getvalue())

    result = console.run("warehouse", "check")

    assert result.exit_code == ExitCode.FAILED
    assert "do: leave files with columns that this version does not know to the newer one" in result.stderr
    assert "delete" not in result.stderr
