"""`trial` with a recorded event: one attempt of somebody's handlers, here, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cli.administered import Console, one_handled, two_dead
from tests.support.servers import Server

HANDLERS = """
from salesloft_webhooks import PermanentError, Retry, Router

router = Router()

@router.on("person.*")
async def greet(event):
    with open("seen", "a") as file:
        print(event.event_id, event.group, event.person_id, event.attempt, file=file)

@router.on("email.*")
async def refuse(event):
    raise PermanentError("nobody is there")

@router.on("call.*")
async def wait(event):
    raise Retry("not yet", after=5)
"""
EVENT = {"event_type": "person_updated", "event_id": "p1", "data": {"id": 7}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with handlers of an author's in it."""
    (tmp_path / "acme.py").write_text(HANDLERS)
    return tmp_path


def trial(server: Server, folder: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own, because it loads handlers."""
    command = [sys.executable, "-m", "salesloft_webhooks", "trial", *arguments, "--handlers=acme:router"]
    environment = os.environ | {"REDIS_URL": server.url}
    return subprocess.run(
        command, env=environment, cwd=folder, input=text, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_stored_event_is_handled_here_and_stays_as_it_is(console: Console, valkey: Server, folder: Path) -> None:
    """The handlers get the event with the group's name, and the store knows nothing of it."""
    console.arrange(one_handled)
    before = console.read("events", "show", "e1")

    result = trial(valkey, folder, "--event=e1", "--group=crm")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("e1: done after 0.")
    assert (folder / "seen").read_text().split()[:2] == ["e1", "crm"]
    assert console.read("events", "show", "e1") == before


def test_a_dead_letter_fails_again_and_says_in_which_line(console: Console, valkey: Server, folder: Path) -> None:
    """By its event's id, in the group that gave up on it; the letter stays where it is."""
    console.arrange(two_dead)

    result = trial(valkey, folder, "--dead=e2")

    assert result.returncode == 1
    first, error, line = result.stdout.splitlines()
    assert first.startswith("e2: dead (permanent) after ")
    assert first.endswith(" in crm")
    assert error == "  PermanentError: nobody is there"
    assert line == '  acme.py:13: raise PermanentError("nobody is there")'
    assert "Traceback" not in result.stderr
    assert len(console.read("dead", "list")["dead"]) == 2


@pytest.mark.parametrize("shape", ["one", "lines", "array", "show", "letters"])
def test_events_come_from_standard_input_in_any_shape(valkey: Server, folder: Path, shape: str) -> None:
    """What one writes by hand, what `send --file` takes, and what the commands that show events print."""
    another = {**EVENT, "event_id": "p2"}
    texts = {
        "one": json.dumps(EVENT, indent=1),
        "lines": f"{json.dumps(EVENT)}\n\n{json.dumps(another)}\n",
        "array": json.dumps([EVENT, another]),
        "show": json.dumps({"event_id": "p1", "groups": [], "entry": EVENT}),
        "letters": json.dumps({"dead": [EVENT | {"group": "crm", "reason": "permanent"}]}),
    }

    result = trial(valkey, folder, "--file=-", text=texts[shape])

    assert result.returncode == 0, result.stderr
    group = "crm" if shape == "letters" else "trial"
    expected = [f"p1 {group} 7 1", f"p2 {group} 7 1"] if shape in {"lines", "array"} else [f"p1 {group} 7 1"]
    assert (folder / "seen").read_text().splitlines() == expected


def test_what_is_printed_is_what_is_taken(console: Console, valkey: Server, folder: Path) -> None:
    """`dead show --json` and `events show --data --json` into a file, and the file into `trial`."""
    console.arrange(two_dead)
    for name, arguments in {"dead": ("dead", "show", "e1"), "event": ("events", "show", "e1", "--data")}.items():
        (folder / name).write_text(json.dumps(console.read(*arguments)))

        result = trial(valkey, folder, f"--file={name}")

        assert (result.returncode, result.stderr) == (0, ""), name
    assert [line.split()[0] for line in (folder / "seen").read_text().splitlines()] == ["e1", "e1"]


def test_a_retry_says_when(valkey: Server, folder: Path) -> None:
    """An attempt that would be tried again is not done."""
    text = json.dumps({"event_type": "call.created", "data": {"id": 1}})

    result = trial(valkey, folder, "--file=-", text=text)

    assert result.returncode == 1
    assert result.stdout.startswith("call.created/trial: retry for 5 s after ")


@pytest.mark.parametrize(
    ("arguments", "text", "code", "words"),
    [
        (("--file=-",), "[]", 2, "no event in it"),
        (("--file=-",), "{", 2, "--file, line 1: "),
        (("--file=-",), '{"event_type": "person.created"}', 2, "without data"),
        (("--file=-",), '{"event_type": "note.created", "data": {}}', 1, "no handler of trial takes note.created"),
        (("--file=nowhere",), "", 2, "No such file"),
        (("--event=e9",), "", 1, "unknown event: e9"),
        (("--dead=e9",), "", 1, "no such dead letter: e9"),
        (("--dead=e9", "--event=e9"), "", 2, "one of them only"),
        ((), "", 2, "needs a recorded event"),
    ],
)
def test_what_cannot_be_tried_is_said(
    valkey: Server, folder: Path, arguments: tuple[str, ...], text: str, code: int, words: str
) -> None:
    """One line, and the exit code of its kind; no handler has run."""
    result = trial(valkey, folder, *arguments, text=text)

    assert result.returncode == code
    assert words in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not (folder / "seen").exists()
