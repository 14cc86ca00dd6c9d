"""What `warehouse check` says about what is wrong, and what to do about it."""

import json
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


def test_what_is_wrong_comes_with_what_to_do(
    storage: Storage, console: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of events, of typed tables, switched on or off, and of compactions that have not run for too long."""
    file = tmp_path / "typed.yaml"
    section = {"url": f"file://{tmp_path}/warehouse"}

    def advised(**fields: object) -> tuple[int, list[str]]:
        file.write_text(yaml.safe_dump({"warehouse": {**section, **fields}}))
        monkeypatch.setenv("HANDLERS_FILE", str(file))
        result = console.run("warehouse", "check", "--json")
        return result.exit_code, json.loads(result.stdout)["do"]

    console.run("warehouse", "compact")
    file.write_text(yaml.safe_dump({"warehouse": {**section, "typed": True}}))
    behind = advised(typed=True)
    console.run("warehouse", "compact")
    fine, off = advised(typed=True), advised()
    ((typed, *_),) = folders_below(storage, "typed").values()
    storage.write(typed.path, b"broken")
    broken = advised(typed=True)
    storage.delete(typed.path)
    lacking = advised(typed=True)
    console.run("warehouse", "compact")
    CompactionRecord(datetime.now(UTC), datetime.now(UTC) - timedelta(hours=30)).write(storage)
    old, allowed, unwatched = (advised(typed=True, compaction_hours=hours) for hours in (26, 40, 0))
    counted = counted_files(storage)[0]
    whole = storage.read(counted).to_pybytes()
    storage.delete(counted)
    gone = advised(typed=True, compaction_hours=0)
    storage.write(counted, whole[:-9])
    damaged = advised(typed=True, compaction_hours=0)

    brings = "salesloft-webhooks warehouse compact brings the typed tables to what the manifest of events counts"
    assert behind == (0, [f"{brings} (1 file(s) are not)"])
    assert fine == allowed == unwatched == (0, [])
    assert off == (
        0,
        ["typed tables are switched off (`typed`), and stay as they are: switch them on, or delete `typed`"],
    )
    assert (broken[0], [each.partition(";")[0] for each in broken[1]]) == (
        ExitCode.FAILED,
        ["delete the damaged files of `typed`"],
    )
    assert lacking == (ExitCode.FAILED, [f"{brings} (0 file(s) are not)"])
    assert old == (0, ["see why compactions do not run or end: the last complete one began 30 hours ago"])
    assert (gone[0], len(gone[1])) == (ExitCode.FAILED, 1)
    assert "writes the manifest anew of what is there; what was only in a missing file" in gone[1][0]
    assert (damaged[0], [each.partition(" or ")[0] for each in damaged[1]]) == (
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
