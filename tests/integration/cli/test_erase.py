"""`erase`: it says what is there, asks, erases, and says what is left."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console
from tests.support.broker_driver import Driven
from tests.support.servers import Server
from tests.support.waiting import wait_until

EVENTS = "sl:{0}:events"
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

    assert found == {"entries": 3, "letters": 2, "quarantined": 0}
    assert redis.xlen(EVENTS) == 5


def test_it_asks_erases_and_tells(console: Console, redis: Any) -> None:
    """Asked, it does nothing without a yes; done, it says so, and `events show` does."""
    console.arrange(both)

    asked = console.run("erase", "--person", str(HERS))
    assert asked.exit_code != ExitCode.OK
    assert "3 event(s), 2 dead letter(s) and 0 quarantined" in asked.output
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
    assert act["counts"] == {"entries": 3, "letters": 2, "quarantined": 0}
    assert " in a terminal of " in act["who"]
