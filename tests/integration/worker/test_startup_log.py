"""A starting worker says what it is, and refuses or warns about what its author cannot have meant."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.servers import Server, free_port

HANDLERS = """
from salesloft_webhooks import Event, Router
router = Router()

@router.on({patterns})
async def greet(event: Event) -> None: ...
"""


def worker(server: Server, folder: Path, patterns: str, **settings: str) -> "subprocess.Popen[str]":
    """A real worker process with a handler for these patterns, its log as JSON lines on standard output."""
    (folder / "greetings.py").write_text(HANDLERS.format(patterns=patterns))
    environment = os.environ | {
        "REDIS_URL": server.url,
        "OPS_PORT": str(free_port()),
        "HOST": "127.0.0.1",
        "LOG_FORMAT": "json",
        **settings,
    }
    command = [sys.executable, "-m", "salesloft_webhooks", "worker", "--group", "mine", "--handlers"]
    return subprocess.Popen(
        [*command, "greetings:router"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def lines_until(process: "subprocess.Popen[str]", event: str) -> list[dict[str, Any]]:
    """Its log up to a line of that name; then it is stopped."""
    lines = []
    assert process.stdout is not None
    with process, process.stdout:
        for text in process.stdout:
            lines.append(json.loads(text))
            if lines[-1]["event"] == event:
                process.terminate()
                return lines
    raise AssertionError(f"it ended without {event}: {lines}")


def test_a_worker_says_what_it_is(server: Server, tmp_path: Path) -> None:
    """Group, event types, handlers, ordering and the versions of all that takes part, in one line."""
    started = lines_until(worker(server, tmp_path, "'person.*', 'call.created'"), "worker.started")[-1]

    assert (started["group"], started["ordering"]) == ("mine", "none")
    assert (started["events"], started["handlers"]) == (["person.*", "call.created"], ["greet"])
    assert started["python"] == ".".join(map(str, sys.version_info[:3]))
    assert started["server"].split()[0] in {"redis", "valkey"}
    assert started["server"].split()[1][0].isdigit()
    assert started["version"]


def test_a_pattern_that_matches_nothing_known_is_warned_about(valkey: Server, tmp_path: Path) -> None:
    """Misspelt types, SalesLoft's own names and an impossible WORKER_EVENTS are named with what may have been meant."""
    process = worker(valkey, tmp_path, "'person.creatd', 'person_updated', 'email.*'", WORKER_EVENTS="persn.*,email.*")
    lines = lines_until(process, "worker.started")

    warned = {line["pattern"]: line for line in lines if line["event"] == "pattern.unknown"}
    assert set(warned) == {"person.creatd", "person_updated", "persn.*"}
    assert "person.created" in warned["person.creatd"]["nearest"]
    assert warned["person_updated"]["nearest"] == ["person.updated"]
    assert (warned["person_updated"]["origin"], warned["persn.*"]["origin"]) == ("greet", "WORKER_EVENTS")


def test_a_worker_with_another_pattern_does_not_start(valkey: Server, tmp_path: Path) -> None:
    """What the server would understand differently ends the process with a sentence, before it is in the store."""
    process = worker(valkey, tmp_path, "'email.[os]*'")
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "handler greet: 'email.[os]*' is no event pattern" in output
    assert "Traceback" not in output
    with valkey.client() as redis:
        assert redis.keys("*") == []
