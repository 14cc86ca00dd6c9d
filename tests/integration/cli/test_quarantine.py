"""`quarantine`: what cannot be read is found, read again and thrown away, and never by mistake."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console
from tests.support.rules_and_dashboards import ROOT
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.unit.cli.test_runbooks import BLOCK

QUARANTINE = "sl:{0}:quarantine"
EVENTS = "sl:{0}:events"
READABLE = "missing_field"
HOPELESS = "not_json"


@pytest.fixture
def redis(valkey: Server) -> Any:
    """The store from outside."""
    with valkey.client() as client:
        yield client


def keep(redis: Any, number: int, *, reason: str = READABLE, source: str = "default", age_days: float = 0.0) -> str:
    """Quarantine one envelope, readable unless it is hopeless; its name on the command line."""
    event = {"event_type": "person.updated", "event_id": f"evt-{number}", "created_at": "2026", "data": {"id": number}}
    fields = {
        "src": source,
        "dialect": "envelope",
        "reason": reason,
        "at": str(int((time.time() - age_days * 86_400) * 1_000)),
        "body": json.dumps(event) if reason == READABLE else "{",
    }
    return f"0/{redis.xadd(QUARANTINE, fields)}"


def test_one_is_read_again_by_its_name(console: Console, redis: Any) -> None:
    """Only the delivery that was named is stored, and it leaves the quarantine."""
    keep(redis, 1)
    name = keep(redis, 2)

    result = console.read("quarantine", "reprocess", name)

    assert (result["stored"], result["missing"]) == (1, [])
    assert [fields["id"] for _, fields in redis.xrange(EVENTS)] == ["evt-2"]
    assert redis.xlen(QUARANTINE) == 1


def test_all_of_one_reason_are_read_again(console: Console, redis: Any) -> None:
    """The others stay where they are, and a second run has nothing left to do."""
    for number in range(150):
        keep(redis, number, reason=READABLE if number % 3 else HOPELESS)

    result = console.read("quarantine", "reprocess", "--all", "--reason", READABLE)
    again = console.read("quarantine", "reprocess", "--all", "--reason", READABLE)

    assert (result["stored"], result["unreadable"], again["stored"]) == (100, 0, 0)
    assert {fields["reason"] for _, fields in redis.xrange(QUARANTINE)} == {HOPELESS}


def test_what_a_key_was_taken_out_of_is_refused_with_that_reason(console: Console, redis: Any) -> None:
    """What would be stored is not what came: it stays. A mark that its sender wrote is no reason, and says nothing."""
    marked = json.dumps(
        {"event_type": "person.updated", "event_id": "1", "created_at": "2026", "data": {"id": "[redacted]"}}
    )
    fields = {"src": "default", "dialect": "envelope", "reason": READABLE, "at": "1", "body": marked}
    cut = f"0/{redis.xadd(QUARANTINE, fields | {'cut': '1'})}"
    written_by_released = f"0/{redis.xadd(QUARANTINE, fields)}"
    redis.xadd(QUARANTINE, fields | {"cut": "0"})

    result = console.run("quarantine", "reprocess", "--all", "--yes", "--json")

    assert (result.exit_code, json.loads(result.stdout)["redacted"]) == (ExitCode.PARTLY, 2)
    assert [f"0/{entry}" for entry, _ in redis.xrange(QUARANTINE)] == [cut, written_by_released]
    assert [fields["id"] for _, fields in redis.xrange(EVENTS)] == ["1"]
    assert "cannot be reprocessed" in console.run("quarantine", "show", cut).stdout


def test_what_stays_unreadable_is_said(console: Console, redis: Any) -> None:
    """Some stored and some not is exit code 4, none at all is 1; people get a sentence."""
    keep(redis, 1)
    keep(redis, 2, reason=HOPELESS)

    some = console.run("quarantine", "reprocess", "--all")
    none = console.run("quarantine", "reprocess", "--all")

    assert (some.exit_code, none.exit_code) == (ExitCode.PARTLY, ExitCode.FAILED)
    assert some.stdout.strip() == "1 stored, 1 unreadable"
    assert none.stdout.strip() == "1 unreadable"


@pytest.mark.parametrize("verb", ["show", "reprocess", "discard"])
def test_a_name_that_does_not_exist_is_an_error_with_the_nearest(console: Console, redis: Any, verb: str) -> None:
    """A mistyped digit finds nothing, changes nothing, and shows what may have been meant."""
    name = keep(redis, 1)
    typo = name[:-3] + ("1" if name[-3] != "1" else "2") + name[-2:]

    result = console.run("quarantine", verb, typo, *(["--yes"] if verb != "show" else []))

    assert result.exit_code == ExitCode.FAILED
    assert name in result.stderr
    assert (redis.xlen(QUARANTINE), redis.exists(EVENTS)) == (1, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--reason", "mising_field"),
        ("reprocess", "--all", "--reason", "mising_field"),
        ("discard", "--all", "--reason", "mising_field", "--yes"),
    ],
    ids=["list", "reprocess", "discard"],
)
def test_a_reason_that_does_not_exist_is_an_error_with_the_nearest(
    console: Console, arguments: tuple[str, ...]
) -> None:
    """It is not taken for a reason of which there happens to be nothing."""
    result = console.run("quarantine", *arguments)

    assert result.exit_code == ExitCode.USAGE
    assert "missing_field" in result.stderr


@pytest.mark.parametrize("verb", ["reprocess", "discard"])
@pytest.mark.parametrize(
    "arguments", [(), ("0/1-1", "--all"), ("0/1-1", "--reason", HOPELESS)], ids=["nothing", "both", "reason and name"]
)
def test_nothing_is_meant_by_accident(console: Console, redis: Any, verb: str, arguments: tuple[str, ...]) -> None:
    """A forgotten argument does not mean everything, and contradictions are refused."""
    keep(redis, 1)

    assert console.run("quarantine", verb, *arguments).exit_code == ExitCode.USAGE
    assert redis.xlen(QUARANTINE) == 1


def test_throwing_away_says_how_many_and_asks(console: Console, redis: Any) -> None:
    """Without a terminal to answer from, only --yes does it; of the reason that was named, and no other."""
    for number in range(5):
        keep(redis, number, reason=HOPELESS)
    keep(redis, 6)

    asked = console.run("quarantine", "discard", "--all", "--reason", HOPELESS)
    assert (asked.exit_code, redis.xlen(QUARANTINE)) == (ExitCode.USAGE, 6)
    assert "5 deliveries" in asked.stderr

    assert console.read("quarantine", "discard", "--all", "--reason", HOPELESS, "--yes")["discarded"] == 5
    assert [fields["reason"] for _, fields in redis.xrange(QUARANTINE)] == [READABLE]


def test_what_is_older_than_the_memory_of_ids_asks(console: Console, redis: Any) -> None:
    """Whether it came again since cannot be told any more: that is said, and takes a --yes."""
    keep(redis, 1, age_days=8)

    asked = console.run("quarantine", "reprocess", "--all")
    assert (asked.exit_code, redis.xlen(QUARANTINE)) == (ExitCode.USAGE, 1)
    assert "7 d" in asked.stderr

    assert console.read("quarantine", "reprocess", "--all", "--yes")["stored"] == 1


def test_the_table_fits_and_says_what_it_cut(console: Console, redis: Any) -> None:
    """A hundred columns hold it, however long a source's name is; JSON has the whole name."""
    keep(redis, 1, source="s" * 60, reason=HOPELESS)

    result = console.run("quarantine", "list")

    assert max(map(len, result.stdout.splitlines())) <= 100
    assert "cut to fit: SOURCE" in result.stdout
    assert console.read("quarantine", "list")["quarantine"][0]["source"] == "s" * 60


def test_the_list_can_be_narrowed_to_a_reason(console: Console, redis: Any) -> None:
    """Of that reason only, and more of others do not count as more."""
    keep(redis, 1)
    name = keep(redis, 2, reason=HOPELESS)
    keep(redis, 3)

    listed = console.read("quarantine", "list", "--reason", HOPELESS, "--limit", "1")

    assert ([one["reference"] for one in listed["quarantine"]], listed["more"]) == ([name], False)


def test_ctrl_c_says_what_was_done(valkey: Server, redis: Any) -> None:
    """Interrupted half-way: the counts are those of what was done, and everything else is still in quarantine."""
    total = 4_000
    for number in range(total):
        keep(redis, number)
    command = [sys.executable, "-m", "salesloft_webhooks", "quarantine", "reprocess", "--all", "--json"]
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": valkey.url}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: redis.xlen(QUARANTINE) < total - 20, seconds=20, description="it is at work")

    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)

    done = json.loads(output)
    assert (process.returncode, done["interrupted"]) == (ExitCode.PARTLY, True)
    assert 0 < done["stored"] < total
    assert (redis.xlen(EVENTS), redis.xlen(QUARANTINE)) == (done["stored"], total - done["stored"])
    assert "interrupted" in errors


def test_the_runbooks_commands_do_what_it_says(console: Console, redis: Any) -> None:
    """Each command of the Quarantine runbook, run as pasted (its ID being one of the list), succeeds."""
    page = (ROOT / "docs/runbooks/SalesloftWebhooksQuarantine.md").read_text("utf-8")
    lines = [line.strip() for block in BLOCK.findall(page) for line in block.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("salesloft-webhooks ")]
    assert len(commands) >= 5

    name = keep(redis, 1)
    keep(redis, 2, age_days=30)
    keep(redis, 3, reason="unsupported_event")
    for words in commands:
        result = console.run(*(name if word == "ID" else word for word in words))
        assert result.exit_code == ExitCode.OK, (words, result.output)

    assert redis.xlen(QUARANTINE) == 0
    assert [fields["id"] for _, fields in redis.xrange(EVENTS)] == ["evt-1", "evt-2"]
