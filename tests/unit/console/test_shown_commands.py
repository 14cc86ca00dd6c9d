"""Commands that pages show say in a real shell what is meant, whoever made what stands in them."""

import subprocess

import pytest

from salesloft_webhooks.console.shown_commands import command_line

HOSTILE = [
    "$(id)",
    "`id`",
    "'; id; '",
    "a b",
    "two\nlines",
    "\\",
    "!!",
    "~",
    "*",
    "#x",
    "it's",
    "--all",
    "-",
    "-x'\x1b[201~id\n",
    "\x03id",
    "\u202etxt\u00a0\u2028",
    "é",
]


def words(line: str) -> list[str]:
    """What a shell makes of it."""
    say = f"say() {{ printf '%s\\0' \"$@\"; }}; say {line}"
    return subprocess.run(["bash", "-c", say], capture_output=True, check=True).stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_shell_reads_what_was_meant(text: str) -> None:
    """An argument and a value arrive as they are, nothing runs, and no character of it moves a terminal."""
    line = command_line("events show", text, person=text, type=(text, "b"), data=True, group="", all=False)

    program, *given = words(line)

    assert program == "salesloft-webhooks"
    assert given[:2] == ["events", "show"]
    values = ["--person", text, "--type", text, "--type", "b", "--data"]
    if text.startswith("-") and text != "-":
        values = [f"--person={text}", f"--type={text}", "--type", "b", "--data"]
    assert given[2:] == ([*values, "--", text] if text.startswith("-") else [text, *values])
    assert line.isprintable()


def test_no_argument_is_taken_for_an_option() -> None:
    """What begins with a dash stands behind two of them, or behind the option that it is the value of."""
    assert command_line("dead discard", "--all") == "salesloft-webhooks dead discard -- --all"
    assert command_line("replay", "crm", id="--yes") == "salesloft-webhooks replay crm --id=--yes"
    assert command_line("replay", "crm", id=("a", "b")) == "salesloft-webhooks replay crm --id a --id b"
