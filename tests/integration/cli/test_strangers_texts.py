"""Texts that strangers write, as the commands print them: a terminal obeys none of it, and ids stay what they are.

Ids, names and errors come from senders, handlers and whoever writes into Redis.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.integration.cli.administered import Console
from tests.support.broker_driver import Driven
from tests.support.servers import Server
from tests.support.strangers_texts import write_everywhere

EVIL = (
    "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\x7f\r\N{RIGHT-TO-LEFT OVERRIDE}live\N{RIGHT-TO-LEFT ISOLATE}"
    "\N{LINE SEPARATOR}\nforged \N{ZERO WIDTH SPACE}[link=http://evil.example]here[/link][/] :skull:"
)
"""A title, a cleared screen, a colour, deleted characters, another direction, another line, and markup of ours."""
OBEYED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u061c\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""What a terminal does something with, or shows to nobody."""
STYLE = re.compile(r"\x1b\[[\d;]*m")
LONG = "x" * 2_000
GROUP = f"crm {EVIL}".replace(":", "")

COMMANDS = (
    ("status",),
    ("groups", "list"),
    ("groups", "show", "crm"),
    ("groups", "show", GROUP),
    ("events", "show", f"waits {EVIL}"),
    ("events", "show", f"dead {EVIL}", "--data"),
    ("events", "show", "nothing"),
    ("events", "attempts", f"dead {EVIL}"),
    ("events", "search", "--data"),
    ("dead", "list"),
    ("dead", "list", "--group", "cmr"),
    ("dead", "show", f"dead {EVIL}"),
    ("dead", "show", "daed"),
    ("quarantine", "list"),
    ("quarantine", "show", "*"),
    ("quarantine", "show", "0/1-1"),
    ("runs", "list"),
    ("runs", "show", "*"),
    ("audit",),
)
"""Of the reading ones; ``*`` is what is there."""


async def _write(driven: Driven) -> None:
    for event_id in (f"dead {EVIL}", f"waits {EVIL}", f"behind {EVIL}", LONG):
        await driven.publish(event_id, event_type=f"person.{EVIL}", source=EVIL)
    await write_everywhere(driven, EVIL)
    await driven.group(GROUP, handlers=(EVIL,), events=("*",))


@pytest.fixture
def hostile(console: Console) -> Console:
    """A store with it."""
    console.arrange(_write)
    return console


def filled(console: Console, command: tuple[str, ...]) -> tuple[str, ...]:
    """A command with the name of what is there."""
    if command[-1] != "*":
        return command
    found = console.read(command[0], "list")
    name = found["runs"][0]["run_id"] if command[0] == "runs" else found["quarantine"][0]["reference"]
    return (*command[:-1], name)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:3])[:24])
def test_no_command_changes_the_terminal(
    command: tuple[str, ...], hostile: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As text, in colours and as JSON, nothing is printed that a terminal obeys but line breaks and styles of ours."""
    words = filled(hostile, command)

    plain, as_json = hostile.run(*words), hostile.run(*words, "--json")
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = hostile.run(*words)

    for said in (plain.output, as_json.output, STYLE.sub("", coloured.output)):
        assert OBEYED.findall(said) == []
        assert "💀" not in said
    assert plain.exception is None or isinstance(plain.exception, SystemExit)
    lines = plain.output.splitlines()[: -1 if command[:2] == ("quarantine", "show") else None]  # a body has its own
    assert not any(line.startswith("forged") for line in lines)


def test_scripts_are_given_what_is_there(hostile: Console) -> None:
    """As JSON an id is the id, whatever is in it; as text its control characters are written out; nothing is cut."""
    found = {event["event_id"] for event in hostile.read("events", "search")["events"]}

    text = hostile.run("events", "search").stdout

    assert found == {f"dead {EVIL}", f"waits {EVIL}", f"behind {EVIL}", LONG}
    assert r"waits \x1b]0;owned\x07\x1b[2J\x9b31m\x08\x7f" in text
    assert "[link=http://evil.example]here[/link][/] :skull:" in text
    assert LONG in text
    assert json.dumps(LONG) in hostile.run("events", "search", "--json").stdout


@pytest.mark.parametrize("options", [(), ("--data",), ("--json",)], ids=["text", "data", "json"])
def test_what_is_followed_does_not_either(options: tuple[str, ...], hostile: Console, valkey: Server) -> None:
    """Nor does `events tail`, which prints each event as it comes: a line each, and none of another's making."""
    command = [sys.executable, "-m", "salesloft_webhooks", "events", "tail", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"REDIS_URL": valkey.url}
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(4)]
        process.terminate()

    assert all(line.strip() for line in lines)
    assert OBEYED.findall("".join(lines)) == []
    assert not any(line.startswith("forged") for line in lines)
    assert LONG in "".join(lines)
