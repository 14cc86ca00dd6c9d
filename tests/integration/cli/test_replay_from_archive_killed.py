"""SIGKILL at every step of `replay --from`: whoever goes on gives the rest, in order, and nothing twice."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.broker.scripts import script
from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console
from tests.integration.cli.archives import event, folder, only_the_group, put
from tests.integration.cli.held_connection import held_connection
from tests.support.broker_driver import Driven
from tests.support.servers import Server
from tests.support.waiting import wait_until

STREAM, RUNS = "sl:{0}:events", "sl:{runs}:archive"
EVENTS, CALL = 30, 25
GIVE, END = (script(name).digest.encode() for name in ("replay_archived", "end_archive_run"))
BEGIN = b"$6\r\nHSETNX\r\n"
"""Commands of their own: scripts have these words, too."""


@pytest.fixture
def archive(console: Console, tmp_path: Path) -> list[str]:
    """An archive in the folder `warehouse` of events that the store has forgotten; their ids in their order."""
    put(folder(tmp_path / "warehouse"), [event(number, person=number % 3) for number in range(EVENTS)])
    console.arrange(only_the_group)
    console.run("replay", "crm", "--from", "warehouse", "--dry-run")  # the server knows the scripts
    return [f"e{number:02}" for number in range(EVENTS)]


def kill_at(server: Server, word: bytes, *words: str, carried_out: bool) -> None:
    """Run the command and kill it when it sends something."""
    with held_connection(server, word, carried_out=carried_out) as between:
        command = [sys.executable, "-m", "salesloft_webhooks", "replay", "crm", *words]
        environment = {"PATH": os.environ["PATH"], "REDIS_URL": f"redis://127.0.0.1:{between.port}/0"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert between.held.wait(60)
        process.kill()
        process.wait(10)


def given(redis: Any) -> list[str]:
    """What is in the stream for the group."""
    return [fields["id"] for _, fields in redis.xrange(STREAM) if fields["only"] == "crm"]


@pytest.mark.parametrize(
    ("word", "carried_out", "stored", "begun"),
    [
        (RUNS.encode(), False, 0, False),
        (BEGIN, True, 0, True),
        (GIVE, False, 0, True),
        (GIVE, True, CALL, True),
        (END, False, EVENTS, True),
        (END, True, EVENTS, False),
    ],
    ids=["before it begins", "begun", "before it gives", "given, not known", "before its end", "ended, not known"],
)
def test_killed_at_a_step_the_rest_is_given_once(
    console: Console,
    valkey: Server,
    archive: list[str],
    word: bytes,
    carried_out: bool,  # noqa: FBT001 - parametrised
    stored: int,
    begun: bool,  # noqa: FBT001 - parametrised
) -> None:
    """What is stored is that of the step; whoever resumes gives what is left behind it, in the order of the archive."""
    kill_at(valkey, word, "--from", "warehouse", "--yes", carried_out=carried_out)
    with valkey.client() as redis:
        wait_until(lambda: len(given(redis)) == stored, seconds=5, description="what was sent is carried out")
        assert bool(redis.hlen(RUNS)) == begun

        again = console.run("replay", "crm", *(("--resume",) if begun else ("--from", "warehouse", "--yes")))

        assert again.exit_code == ExitCode.OK, again.output
        assert given(redis) == archive
        assert redis.keys(RUNS) == []
        assert all(redis.ttl(key) > 0 for key in redis.keys("*:run:*"))


def test_killed_again_and_again_while_the_group_works(console: Console, valkey: Server, archive: list[str]) -> None:
    """What was given is handled before the next one comes, and is given no second time all the same."""
    handled: list[str] = []

    async def handle(driven: Driven) -> None:
        handled.extend(await driven.handle(await driven.group(consumer=f"after-{len(handled)}")))

    kill_at(valkey, GIVE, "--from", "warehouse", "--rate", "8", "--yes", carried_out=True)
    console.arrange(handle)
    for _ in range(2):
        kill_at(valkey, GIVE, "--resume", "--rate", "8", carried_out=True)
        console.arrange(handle)
    first = list(handled)
    result = console.run("replay", "crm", "--resume", "--json")
    console.arrange(handle)

    assert 8 <= len(first) < EVENTS
    assert result.exit_code == ExitCode.OK
    assert handled == archive


def test_an_unfinished_one_is_gone_on_with_or_given_up(console: Console, valkey: Server, archive: list[str]) -> None:
    """Another one is refused until then; what was given stays given; the audit says that it was given up."""
    kill_at(valkey, GIVE, "--from", "warehouse", "--yes", carried_out=True)
    with valkey.client() as redis:
        wait_until(lambda: len(given(redis)) == CALL, seconds=5, description="what was sent is carried out")

        refused = console.run("replay", "crm", "--from", "warehouse", "--yes")
        given_up = console.run("replay", "crm", "--give-up", "--yes")
        twice = console.run("replay", "crm", "--give-up", "--yes")

        assert refused.exit_code == twice.exit_code == ExitCode.FAILED
        assert "--resume goes on, --give-up ends it" in refused.stderr
        assert (given_up.exit_code, f"{CALL} of {EVENTS} event(s)" in given_up.stderr) == (ExitCode.OK, True)
        assert given(redis) == archive[:CALL]
        assert redis.keys("*:run:*") == redis.keys(RUNS) == []
        latest = console.read("audit")["audit"][0]
        assert (latest["arguments"]["given_up"], latest["counts"]) == ("true", {"replayed": CALL})


@pytest.mark.parametrize("harm", ["place", "row"])
def test_what_is_lost_can_be_given_up(console: Console, valkey: Server, archive: list[str], harm: str) -> None:
    """Where it cannot be gone on with, that is said; it can be ended, and a new one begun."""
    kill_at(valkey, GIVE, "--from", "warehouse", "--yes", carried_out=True)
    with valkey.client() as redis:
        wait_until(lambda: len(given(redis)) == CALL, seconds=5, description="what was sent is carried out")
        redis.delete(*redis.keys("*:run:*")) if harm == "place" else redis.hset(RUNS, "crm", "{}")

        refused = console.run("replay", "crm", "--resume")
        given_up = console.run("replay", "crm", "--give-up", "--yes")
        again = console.run("replay", "crm", "--from", "warehouse", "--yes", "--json")

    assert (refused.exit_code, given_up.exit_code, again.exit_code) == (ExitCode.FAILED, ExitCode.OK, ExitCode.OK)
    said = json.loads(again.stdout)
    assert (said["in_progress"], said["replayed"]) == (CALL, len(archive) - CALL)


def test_ctrl_c_says_how_to_go_on(
    console: Console, valkey: Server, archive: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is under way is finished and counted; the rest comes by what the command says, from any folder."""
    command = [
        sys.executable,
        "-m",
        "salesloft_webhooks",
        "replay",
        "crm",
        "--from",
        "warehouse",
        "--rate",
        "2",
        "--yes",
    ]
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": valkey.url}
    with valkey.client() as redis:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: len(given(redis)) > 0, seconds=60, description="the first are given")
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
        stored = len(given(redis))
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

        result = console.run("replay", "crm", "--resume")

        assert process.returncode == ExitCode.PARTLY
        assert (f"{stored} replayed" in said, "`replay crm --resume` goes on" in complained) == (True, True)
        assert result.exit_code == ExitCode.OK, result.output
        assert given(redis) == archive
