"""`replay --from`: what the store has forgotten comes from the files of a warehouse."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration import archive_execution
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.handlers.builtin.warehouse.contents import folders
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import record_erased
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from tests.integration.cli.administered import Console
from tests.integration.cli.archives import BEGAN, event, folder, only_the_group, opened, put
from tests.support.broker_driver import Driven
from tests.support.s3_server import new_s3_server
from tests.support.servers import Server


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """Five events in overlapping files, which do not lie in the order in which they were received."""
    storage = folder(tmp_path / "warehouse")
    put(
        storage,
        [event(3), event(1, person=2, event_type="email.opened")],
        [event(4, source="other"), event(2), event(3)],
    )
    put(storage, [event(0, person=2)])
    return storage


def taken(console: Console) -> list[str]:
    """What the group `crm` gets, in its order."""
    got: list[str] = []

    async def handle(driven: Driven) -> None:
        got.extend(await driven.handle(await driven.group()))

    console.arrange(handle)
    return got


@pytest.mark.usefixtures("storage")
def test_events_come_in_the_order_in_which_they_were_received(console: Console) -> None:
    """However they lie in files; each once, and the command says how many."""
    console.arrange(only_the_group)

    result = console.run("replay", "crm", "--from", "warehouse", "--yes", "--json")

    assert result.exit_code == ExitCode.OK, result.output
    said = json.loads(result.stdout)
    assert (said["replayed"], sum(value for value in said.values() if isinstance(value, int))) == (5, 5)
    assert taken(console) == ["e00", "e01", "e02", "e03", "e04"]


@pytest.mark.usefixtures("storage")
def test_what_was_replayed_is_seen(console: Console) -> None:
    """In the event's own page, in the audit with the run's name at its begin and end, and no run is left."""
    console.arrange(only_the_group)

    console.run("replay", "crm", "--from", "warehouse", "--yes")

    shown = console.read("events", "show", "e01")
    assert [(row["group"], row["fate"], row["again"]) for row in shown["groups"]] == [("crm", "waiting", True)]
    acts = console.read("audit")["audit"]
    assert {act["act"] for act in acts} == {"replay"}
    assert [act["counts"] for act in acts] == [{"replayed": 5}, {"selected": 5}]
    assert len({act["arguments"]["run"] for act in acts}) == 1
    assert console.run("replay", "crm", "--resume").exit_code == ExitCode.FAILED


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        (("--type", "email.*"), ["e01"]),
        (("--source", "other"), ["e04"]),
        (("--person", "2"), ["e00", "e01"]),
        (("--id", "e03", "--id", "e00"), ["e00", "e03"]),
        (("--since", (BEGAN + timedelta(minutes=3)).isoformat()), ["e03", "e04"]),
        (("--until", (BEGAN + timedelta(minutes=1)).isoformat()), ["e00", "e01"]),
        (("--type", "call.*"), []),
    ],
    ids=["type", "source", "person", "ids", "since", "until", "nothing"],
)
@pytest.mark.usefixtures("storage")
def test_a_dry_run_and_the_real_one_agree(console: Console, narrowed: tuple[str, ...], expected: list[str]) -> None:
    """What narrows an ordinary replay narrows this one alike, times included, which are those of receipt."""
    console.arrange(only_the_group)
    words = ("replay", "crm", "--from", "warehouse", *narrowed, "--json")

    dry = json.loads(console.run(*words, "--dry-run").stdout)
    nothing = taken(console)
    wet = json.loads(console.run(*words, "--yes").stdout)

    assert dry == wet
    assert (wet["replayed"], nothing, taken(console)) == (len(expected), [], expected)


@pytest.mark.usefixtures("storage")
def test_a_name_that_is_not_there_is_said(console: Console) -> None:
    """Of ids that were asked for, those which no file has are not found."""
    console.arrange(only_the_group)

    result = console.run("replay", "crm", "--from", "warehouse", "--id", "e01", "--id", "e99", "--yes")

    assert result.exit_code == ExitCode.PARTLY
    assert [line for line in result.stderr.splitlines() if "not found" in line] == ["error: not found: e99"]


@pytest.mark.usefixtures("storage")
def test_an_answer_that_is_lost_is_counted_all_the_same(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the store did without our hearing of it is said and audited, and none of it is called missing."""
    console.arrange(only_the_group)
    monkeypatch.setattr(archive_execution, "FAILURE_SECONDS", 0.01)
    real: Callable[..., Any] = Store.run
    failures = [StoreUnavailable("the answer was lost")]

    async def run(store: Store, name: str, *args: Any, **options: Any) -> Any:
        answer = await real(store, name, *args, **options)
        if name == "replay_archived" and failures:
            raise failures.pop()
        return answer

    monkeypatch.setattr(Store, "run", run)
    ids = [word for number in range(5) for word in ("--id", f"e{number:02}")]

    result = console.run("replay", "crm", "--from", "warehouse", *ids, "--yes", "--json")

    assert (result.exit_code, failures) == (ExitCode.OK, []), result.output
    said = json.loads(result.stdout)
    assert (said["replayed"], said["missing"]) == (5, [])
    assert {"replayed": 5} in [act["counts"] for act in console.read("audit")["audit"]]


def test_erased_persons_are_left_out_and_counted(console: Console, storage: Storage) -> None:
    """Though this store knows nothing of them, and no compaction has taken their rows out yet."""
    console.arrange(only_the_group)
    record_erased(storage, 2, BEGAN)

    result = console.run("replay", "crm", "--from", "warehouse", "--yes")

    assert "2 event(s) of erased persons are left out" in result.stderr
    assert taken(console) == ["e02", "e03", "e04"]


def test_a_damaged_file_stops_it_before_anything_is_given(console: Console, storage: Storage) -> None:
    """It is named; who leaves it out on purpose gets the rest, and the exit code says that it is not all."""
    console.arrange(only_the_group)
    damaged = folders(storage)["events/type=email.opened/day=2026-03-07"][0]
    storage.write(damaged.path, b"broken")
    words = ("replay", "crm", "--from", "warehouse", "--yes")

    stopped, nothing = console.run(*words), taken(console)
    skipped = console.run(*words, "--skip-damaged")

    assert (stopped.exit_code, nothing) == (ExitCode.FAILED, [])
    assert f"{damaged.path}: it cannot be read as Parquet" in stopped.stderr
    assert skipped.exit_code == ExitCode.PARTLY
    assert taken(console) == ["e00", "e02", "e03", "e04"]


@pytest.mark.usefixtures("storage")
def test_a_type_that_does_not_exist_is_said(console: Console) -> None:
    """A mistyped type finds nothing, which is no success."""
    console.arrange(only_the_group)

    result = console.run("replay", "crm", "--from", "warehouse", "--type", "persn.*", "--yes")

    assert result.exit_code == ExitCode.FAILED
    assert "no event of type persn.*" in result.stderr


def test_what_is_no_warehouse_is_said(console: Console, tmp_path: Path) -> None:
    """A folder without files of events, one that is not there, and no address at all."""
    console.arrange(only_the_group)
    (tmp_path / "empty").mkdir()

    empty, absent, wrong = (
        console.run("replay", "crm", "--from", name, "--yes") for name in ("empty", "absent", "ftp://host/files")
    )

    assert (empty.exit_code, absent.exit_code, wrong.exit_code) == (ExitCode.FAILED, ExitCode.FAILED, ExitCode.USAGE)
    assert "no files of events are there" in empty.stderr
    assert "the warehouse's folder is not there" in absent.stderr
    assert "--from takes a folder" in wrong.stderr


def test_without_the_extra_it_is_a_wrong_setting(console: Console, storage: Storage, valkey: Server) -> None:
    """Where Arrow is not installed, as in the image, one line says what is missing."""
    console.arrange(only_the_group)
    program = "import sys; sys.modules['pyarrow'] = None; from salesloft_webhooks.cli import main; main()"
    environment = {**os.environ, "REDIS_URL": valkey.url}

    command = [sys.executable, "-c", program, "replay", "crm", "--from", storage.address_of(""), "--yes"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == ExitCode.USAGE
    assert "pip install salesloft-webhooks[warehouse]" in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--rate", "5"),
        ("--skip-damaged",),
        ("--from", "warehouse", "--expect", "0123456789abcdef"),
        ("--resume", "--type", "call.*"),
        ("--give-up", "--resume"),
        ("--give-up", "--dry-run"),
        ("--resume", "--dry-run"),
        ("--from", ""),
        ("--from", "warehouse", "--rate", "inf"),
        ("--from", "warehouse", "--rate", "nan"),
    ],
)
@pytest.mark.usefixtures("storage")
def test_what_does_not_go_together_is_refused(console: Console, words: tuple[str, ...]) -> None:
    """An option that would mean nothing is wrong usage, and nothing is tried."""
    console.arrange(only_the_group)

    assert console.run("replay", "crm", *words, "--yes").exit_code == ExitCode.USAGE
    assert taken(console) == []
    assert console.run("replay", "crm", "--from", "warehouse", "--yes").exit_code == ExitCode.OK


def test_from_s3_with_the_access_of_the_handlers_file(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive in S3-compatible storage is read with the endpoint and the keys of the section `warehouse`."""
    console.arrange(only_the_group)
    with new_s3_server() as server:
        section = server.section(f"{(bucket := server.make_bucket('archive'))}/kept")
        put(opened(section), [event(1), event(0)])
        (tmp_path / "handlers.yaml").write_text(yaml.safe_dump({"warehouse": {**section, "url": f"{bucket}/other"}}))
        monkeypatch.setenv("HANDLERS_FILE", str(tmp_path / "handlers.yaml"))

        result = console.run("replay", "crm", "--from", f"{bucket}/kept", "--yes")

    assert result.exit_code == ExitCode.OK, result.output
    assert taken(console) == ["e00", "e01"]
