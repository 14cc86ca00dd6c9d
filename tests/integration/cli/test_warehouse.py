"""`warehouse compact` and `warehouse check`."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.compaction_record import CompactionRecord
from salesloft_webhooks.handlers.builtin.warehouse.contents import folders
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from tests.integration.cli.administered import Console
from tests.integration.cli.examined import Doctor
from tests.support import samples
from tests.support.in_thread import in_thread
from tests.support.servers import Server, free_port

ERASE = ("warehouse", "erase", "--person", "7", "--yes")


def test_files_are_joined_and_counted(storage: Storage, console: Console) -> None:
    """What is done and found is said, for people and for programs."""
    before = console.run("warehouse", "check", "--json")
    joined = console.run("warehouse", "compact")
    after = console.run("warehouse", "check", "--json")
    again = console.run("warehouse", "compact", "--grace-minutes", "0", "--json")
    said = console.run("warehouse", "check")

    counts = {
        "files": 2,
        "rows": 4,
        "events": 3,
        "counted": 0,
        "other_days": 0,
        "erasable": 0,
        "typed": {"files": 0, "rows": 0, "behind": 0, "erasable": 0},
        "sound": True,
        "damaged": {},
        "missing": [],
    }
    never = ["salesloft-webhooks warehouse compact, every hour or night: none has been complete yet"]
    assert json.loads(before.stdout) == {**counts, "compacted": None, "do": never}
    assert (joined.exit_code, joined.stderr) == (0, "1 file(s) count; 1 written, 0 deleted\n")
    found = json.loads(after.stdout)
    assert datetime.now(UTC) - datetime.fromisoformat(found.pop("compacted")) < timedelta(minutes=5)
    assert found == {**counts, "files": 3, "rows": 7, "counted": 3, "do": []}
    assert json.loads(again.stdout) == {"files": 1, "written": 0, "deleted": 2, "damaged": {}, "changed": []}
    assert "3 event(s), 0 row(s) more than once\nthe manifest counts 3 of them" in said.stderr


def test_typed_tables_follow_where_they_are_asked_for(
    storage: Storage, console: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the section's field, and what became of them is said."""
    file = tmp_path / "typed.yaml"
    file.write_text(yaml.safe_dump({"warehouse": {"url": f"file://{tmp_path}/warehouse", "typed": True}}))
    monkeypatch.setenv("HANDLERS_FILE", str(file))

    waiting = console.run("warehouse", "check")
    said = console.run("warehouse", "compact")
    again = console.run("warehouse", "compact", "--json")
    checked = console.run("warehouse", "check")

    assert "none has been complete yet" in waiting.stderr
    assert (checked.exit_code, "do: " in checked.stderr) == (0, False)
    assert "typed tables: 1 file(s), and their manifests count 3 row(s)" in checked.stderr
    assert said.stderr.endswith("typed tables: 1 file(s) count; 1 written, 0 deleted\n")
    assert json.loads(again.stdout)["typed"] == {"files": 1, "written": 0, "deleted": 0}
    assert [file.path.split("/")[1] for file in storage.files("typed/people")] == ["people"]


def test_damage_is_said_and_ends_with_its_code(storage: Storage, console: Console) -> None:
    """The file's path and what is wrong with it."""
    ((first, *_),) = folders(storage).values()
    storage.write(first.path, b"broken")

    compacted, checked = console.run("warehouse", "compact"), console.run("warehouse", "check")

    assert (compacted.exit_code, checked.exit_code) == (ExitCode.PARTLY, ExitCode.FAILED)
    line = f"{first.path}: it cannot be read as Parquet"
    assert line in compacted.stderr
    assert line in checked.stderr


def test_without_a_section_it_is_a_wrong_setting(console: Console) -> None:
    """The message names the field that is missing."""
    result = console.run("warehouse", "check")

    assert result.exit_code == ExitCode.USAGE
    assert "warehouse.url" in result.stderr


@pytest.mark.parametrize("words", [("warehouse", "compact"), ("warehouse", "check"), ("worker",), ERASE])
@pytest.mark.usefixtures("storage")
def test_without_the_extra_it_is_a_wrong_setting(words: tuple[str, ...], valkey: Server) -> None:
    """Where Arrow is not installed, as in the image, one line says what is missing."""
    program = "import sys; sys.modules['pyarrow'] = None; from salesloft_webhooks.cli import main; main()"
    environment = {**os.environ, "WORKER_GROUP": "warehouse", "REDIS_URL": valkey.url, "OPS_PORT": str(free_port())}

    command = [sys.executable, "-c", program, *words]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == ExitCode.USAGE
    assert "needs its extra: pip install salesloft-webhooks[warehouse]" in ended.stderr


def test_the_doctor_looks_at_the_storage(doctor: Doctor) -> None:
    """A folder is fine; where it is not there, or is none, that is a problem with something to do about it."""
    (doctor.folder / "in-the-way").write_text("")
    file = doctor.folder / "handlers.yaml"
    found = []
    (doctor.folder / "there").mkdir()
    for path in ("there", "not-there", "in-the-way"):
        file.write_text(yaml.safe_dump({"warehouse": {"url": f"file://{doctor.folder}/{path}"}}))
        environment = {"WORKER_GROUP": "warehouse", "HANDLERS_FILE": str(file)}
        found += doctor.finds("worker", "warehouse.storage", **environment)

    assert [state for state, _ in found] == ["ok", "problem", "problem"]


def test_the_doctor_says_when_it_was_compacted(doctor: Doctor) -> None:
    """Nothing stored, stored just now, compacted just now or too long ago, long before the first one, not wanted."""
    section = {"url": f"file://{doctor.folder}/there"}
    (doctor.folder / "there").mkdir()
    storage = open_storage(WarehouseConfiguration.model_validate(section))
    file = doctor.folder / "handlers.yaml"

    def found(**fields: object) -> tuple[str, str]:
        file.write_text(yaml.safe_dump({"warehouse": {**section, **fields}}))
        environment = {"WORKER_GROUP": "warehouse", "HANDLERS_FILE": str(file)}
        ((level, says),) = doctor.finds("worker", "warehouse.compaction", **environment)
        return level, says

    empty = found()
    in_thread(lambda: WarehouseWriter(storage, 60).write([samples.person(event_id="a")]))
    young = found()
    now = datetime.now(UTC)
    CompactionRecord(now, now - timedelta(hours=25)).write(storage)
    in_time = found()
    CompactionRecord(now, now - timedelta(hours=27)).write(storage)
    late, unwanted = found(), found(compaction_hours=0)
    CompactionRecord(now).write(storage)
    (path,) = (doctor.folder / "there" / "events").rglob("*.parquet")
    os.utime(path, (0, 0))
    never = found()

    assert empty == ("ok", "nothing is stored yet")
    assert young == ("ok", "none has been complete yet")
    assert in_time == ("ok", "the last complete one began 25 hours ago")
    assert late == ("warning", "the last complete one began 27 hours ago")
    assert (unwanted[0], never[0]) == ("skipped", "warning")
