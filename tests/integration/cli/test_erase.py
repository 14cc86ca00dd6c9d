"""`erase`: it says what is there, asks, erases, and says what is left."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console
from tests.support.broker_driver import Driven
from tests.support.interrupted_scripts import BetweenScripts
from tests.support.refusing_servers import REFUSALS
from tests.support.servers import Server
from tests.support.waiting import wait_until

EVENTS = "sl:{0}:events"
AUDIT = "sl:audit"
HERS, OTHERS = 7001, 7002


async def both(driven: Driven) -> None:
    """Two people's events, half of them dead."""
    group = await driven.group()
    await driven.publish("a1", "a2", person=HERS)
    await driven.publish("b1", "b2", person=OTHERS)
    await driven.kill(group)
    await driven.publish("a3", person=HERS)


@pytest.fixture
def redis(valkey: Server) -> Any:
    """The store from outside."""
    with valkey.client() as client:
        yield client


def test_a_dry_run_only_counts(console: Console, redis: Any) -> None:
    """It says what is there of the person, and changes nothing."""
    console.arrange(both)

    found = console.read("erase", "--person", str(HERS), "--dry-run")

    assert found == {"entries": 3, "letters": 2, "quarantined": 0, "follow_ups": 0}
    assert redis.xlen(EVENTS) == 5


def test_it_asks_erases_and_tells(console: Console, redis: Any) -> None:
    """Asked, it does nothing without a yes; done, it says so, and `events show` does."""
    console.arrange(both)

    asked = console.run("erase", "--person", str(HERS))
    assert asked.exit_code != ExitCode.OK
    assert "3 event(s), 2 dead letter(s), 0 follow-up(s) and 0 quarantined" in asked.output
    assert redis.xlen(EVENTS) == 5

    result = console.run("erase", "--person", str(HERS), "--yes", "--json")

    assert result.exit_code == ExitCode.OK, result.output
    document = json.loads(result.stdout)
    assert document | {"entries": 3, "letters": 2, "running": 0, "complete": True} == document
    assert document["streams"]["replaced"] == 2
    assert redis.xlen(EVENTS) == 2
    assert "; erased " in console.run("events", "show", "a3").output
    assert {fields["id"] for _, fields in redis.xrange("sl:{0}:g:crm:dead")} == {"b1", "b2"}


def test_what_no_id_can_be_is_refused(console: Console) -> None:
    """A name is no id, and nothing is looked for by it."""
    result = console.run("erase", "--person", "Ada Lovelace")

    assert result.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("moment", ["erasing", "copying"])
def test_killed_and_run_again(valkey: Server, console: Console, redis: Any, moment: str) -> None:
    """Killed in the middle of either, the next run finishes it."""
    with redis.pipeline(transaction=False) as stored:
        for number in range(4_000):
            about = {"id": f"e{number}", "type": "person.updated", "key": f"person:{OTHERS if number % 4 else HERS}"}
            stored.xadd(EVENTS, {**about, "src": "default", "at": "1", "made": "2026", "only": "", "body": "{}"})
        stored.execute()
    command = [sys.executable, "-m", "salesloft_webhooks", "erase", "--person", str(HERS), "--yes"]
    killed_at: dict[str, Callable[[], bool]] = {
        "erasing": lambda: redis.xlen(EVENTS) < 4_000,
        "copying": lambda: redis.exists(f"{EVENTS}:copy") == 1,
    }
    with subprocess.Popen(command, env={**os.environ, "REDIS_URL": valkey.url}, stdout=subprocess.DEVNULL) as process:
        wait_until(killed_at[moment], description=moment)
        process.kill()

    result = console.run("erase", "--person", str(HERS), "--yes", "--json")

    assert result.exit_code == ExitCode.OK, result.output
    assert redis.xlen(EVENTS) == 3_000
    assert not redis.exists(f"{EVENTS}:copy")
    assert console.read("erase", "--person", str(HERS), "--dry-run")["entries"] == 0


def test_it_is_audited(console: Console) -> None:
    """Who erased whom, and how much that was, stands in the audit; nothing of what it said does."""
    console.arrange(both)

    console.run("erase", "--person", str(HERS), "--yes")

    (act,) = console.read("audit")["audit"]
    assert (act["act"], act["arguments"], act["outcome"]) == ("erase", {"person": str(HERS)}, "done")
    assert act["counts"] == {"entries": 3, "letters": 2, "quarantined": 0, "follow_ups": 0}
    assert " in a terminal of " in act["who"]


async def many(driven: Driven) -> None:
    """Events of hers that are erased in three batches."""
    await driven.publish(*(f"a{number}" for number in range(250)), person=HERS)


@pytest.fixture
def own(own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """The command on a server that may refuse."""
    monkeypatch.chdir(tmp_path)
    own_server.options = {}
    return Console(own_server.start())


def test_refused_in_the_middle(own: Console, own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how far it came, the audit does, and repeated it erases the rest: together they are all there was."""
    own.arrange(many)
    with own_server.client() as client, monkeypatch.context() as refusing:
        rules = ("resetkeys", f"~{AUDIT}")
        BetweenScripts(refusing, 1, lambda: client.execute_command("ACL SETUSER", "default", *rules), only="erase")
        refused = own.run("erase", "--person", str(HERS), "--yes")
        client.execute_command("ACL SETUSER", "default", "allkeys")

    assert refused.exit_code == ExitCode.PARTLY
    assert "100 entries, 0 letters, 0 quarantined, 0 follow-ups were erased, and then: " in refused.stderr
    assert "Repeat it: it goes on where it ended" in refused.stderr
    assert own.run("erase", "--person", str(HERS), "--yes").exit_code == ExitCode.OK
    done, failed = own.read("audit")["audit"]
    assert (failed["outcome"], failed["counts"]) == (
        "failed",
        {"entries": 100, "letters": 0, "quarantined": 0, "follow_ups": 0},
    )
    assert (done["outcome"], done["counts"]["entries"]) == ("done", 150)


def test_refused_at_once(own: Console, own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is erased: it does not say that a part is, and that the audit could not be written, it says, too."""
    own.arrange(both)
    refusal = REFUSALS["too few replicas"]
    with own_server.client() as client, monkeypatch.context() as refusing:
        BetweenScripts(refusing, 0, lambda: refusal.begin(own_server, client), only="erase")
        refused = own.run("erase", "--person", str(HERS), "--yes")
        refusal.end(own_server, client)

        assert refused.exit_code == ExitCode.UNREACHABLE
        assert "0 entries, 0 letters, 0 quarantined, 0 follow-ups were erased, and then: " in refused.stderr
        assert "this is not in the audit" in refused.stderr
        assert client.xlen(EVENTS) == 5
