"""An unfinished replay of an archive among the runs: seen with its progress, gone on with, and stopped like others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.broker.administration.archive_steps import begun, given
from tests.integration.cli.administered import Console
from tests.integration.cli.archives import event, folder, put
from tests.support.archived_events import Listed, archived
from tests.support.broker_driver import Driven
from tests.support.servers import Server
from tests.support.waiting import wait_until

EVENTS = 150
FIRST = 100
"""A batch."""


async def one_of_each(driven: Driven) -> None:
    """A run of a console, and behind it a replay of an archive that has come to its first batch."""
    await driven.group()
    new = NewRun(kind=RunKind.REDRIVE, by="ada", group="crm", selection={}, total=7, ends=("0-0",))
    await begin(driven.store, new)
    archive = Listed(*(archived(number) for number in range(EVENTS)))
    assert len(await given(driven, await begun(driven, archive), archive, stop_after=FIRST)) == FIRST


def test_it_is_listed_and_shown_with_its_progress(console: Console) -> None:
    """With the archive, what it is about, how many of how many, and the command that goes on."""
    console.arrange(one_of_each)

    listed = {run["kind"]: run for run in console.read("runs", "list")["runs"]}
    run = listed["replay_archive"]
    shown = console.read("runs", "show", run["run_id"])
    lines = console.run("runs", "show", run["run_id"]).stdout
    table = console.run("runs", "list").stdout

    assert set(listed) == {"redrive", "replay_archive"}
    assert run == shown
    assert (run["group"], run["state"], run["total"], run["outcomes"]) == (
        "crm",
        "unfinished",
        EVENTS,
        {"replayed": FIRST},
    )
    assert run["selection"]["from"] == "file:///archive"
    assert "replay crm --resume" in run["reason"]
    assert run["changed_at"] > "2026"
    assert "replay archive crm" in lines
    assert f"{FIRST} replayed of {EVENTS}" in table


def test_it_is_stopped_as_another_run(console: Console) -> None:
    """It is gone then, what it has given stays given, another may begin, and the audit says who it was."""
    console.arrange(one_of_each)
    listed = {run["kind"]: run["run_id"] for run in console.read("runs", "list")["runs"]}

    stopped = console.run("runs", "stop", listed["replay_archive"])
    again = console.run("runs", "stop", listed["replay_archive"])

    assert (stopped.exit_code, stopped.stdout.strip()) == (ExitCode.OK, "stopped")
    assert (again.exit_code, again.stderr) == (ExitCode.FAILED, f"error: no such run: {listed['replay_archive']}\n")
    assert [run["kind"] for run in console.read("runs", "list")["runs"]] == ["redrive"]
    (act,) = console.read("audit")["audit"]
    assert (act["act"], act["arguments"]) == ("stop_run", {"run": listed["replay_archive"]})
    assert console.run("replay", "crm", "--resume").exit_code == ExitCode.FAILED


@pytest.mark.parametrize("harm", ["place", "row"])
def test_one_that_is_lost_is_said(console: Console, valkey: Server, harm: str) -> None:
    """Whose place is gone says how it is ended; whose row cannot be read hides no other run."""
    console.arrange(one_of_each)
    with valkey.client() as redis:
        redis.delete(*redis.keys("*:run:*")) if harm == "place" else redis.hset("sl:{runs}:archive", "crm", "{}")

    listed = {run["kind"]: run for run in console.read("runs", "list")["runs"]}

    assert set(listed) == ({"redrive", "replay_archive"} if harm == "place" else {"redrive"})
    assert harm == "row" or "replay crm --give-up" in listed["replay_archive"]["reason"]


def test_its_command_ends_when_it_is_stopped(console: Console, valkey: Server, tmp_path: Path) -> None:
    """The process that gives learns of it at its next batch, says so, and gives nothing more."""
    put(folder(tmp_path / "warehouse"), [event(number) for number in range(40)])
    console.arrange(one_registered)
    words = ["replay", "crm", "--from", "warehouse", "--rate", "2", "--yes"]
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": valkey.url}
    command = [sys.executable, "-m", "salesloft_webhooks", *words]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with valkey.client() as redis:
        wait_until(lambda: redis.xlen("sl:{0}:events") > 0, seconds=60, description="the first are given")
        (run,) = console.read("runs", "list")["runs"]

        stopped = console.run("runs", "stop", run["run_id"])
        given_by_then = redis.xlen("sl:{0}:events")
        said, complained = process.communicate(timeout=60)

        assert stopped.exit_code == ExitCode.OK
        assert run["by"] != ""
        assert (process.returncode, said) == (ExitCode.FAILED, "")
        assert "the replay was stopped by somebody else; what it has given stays given" in complained
        assert redis.xlen("sl:{0}:events") <= given_by_then + 2
        assert redis.keys("*:run:*") == redis.keys("sl:{runs}:archive") == []


async def one_registered(driven: Driven) -> None:
    """The group `crm`."""
    await driven.group()


def test_its_counts_are_those_of_all_partitions(console: Console, tmp_path: Path) -> None:
    """What the command said in the end and what the list said right before agree."""
    put(folder(tmp_path / "warehouse"), [event(number, person=number) for number in range(5)])
    console.arrange(one_registered)

    result = console.run("replay", "crm", "--from", "warehouse", "--yes", "--json")

    assert json.loads(result.stdout)["replayed"] == 5
    assert console.read("runs", "list")["runs"] == []
