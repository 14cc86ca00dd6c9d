"""Where output goes: results to stdout, everything said about them to stderr.

With ``--json`` stdout carries one JSON document (or one a line, where a command follows something) and nothing else.
What is printed is text of strangers in parts, so every way out makes it `printable`, and none reads markup in it.
Rich is imported on first use: it would be a third of the start-up time of a receiver that never prints a table.
"""

import signal
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.printable_text import printable, printable_json

WIDE = 10_000
"""Columns of output that goes into a file or a pipe: nothing is ever wrapped there."""

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.console import Console, RenderableType


def stdout() -> "Console":
    """The console for results."""
    from salesloft_webhooks.cli.plain_console import PlainConsole

    console = PlainConsole()
    return console if console.is_terminal else PlainConsole(width=WIDE)


def stderr() -> "Console":
    """The console for what is said about results."""
    from salesloft_webhooks.cli.plain_console import PlainConsole

    return PlainConsole(stderr=True)


def show(*renderables: "RenderableType") -> None:
    """Print results for people."""
    # Rich would leave out some control characters, so that another text is shown than is there.
    stdout().print(*(printable(each) if isinstance(each, str) else each for each in renderables))


def show_json(document: object) -> None:
    """Print one JSON document on a line of its own; what it may consist of, see `plain`."""
    import msgspec

    print(printable_json(msgspec.json.encode(plain(document)).decode()), flush=True)


def plain(value: object) -> object:
    """A value of the broker's types as what JSON has: dataclasses become objects, bytes the JSON document they hold.

    References become the text that names them on a command line.
    """
    from salesloft_webhooks.broker.entry_reference import Reference

    if isinstance(value, Reference):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return described(value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return json_or_text(value) if isinstance(value, bytes) else value


def described(value: "DataclassInstance", *, without: Collection[str] = ()) -> dict[str, object]:
    """A dataclass as a JSON object, except for the fields ``without``."""
    return {item.name: plain(getattr(value, item.name)) for item in fields(value) if item.name not in without}


def json_or_text(body: bytes) -> object:
    """The document in a body; what is none, as text with every byte visible."""
    import msgspec

    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return body.decode(errors="backslashreplace")


def note(message: str) -> None:
    """Say something about the results, on stderr."""
    print(printable(message), file=sys.stderr)


def complain(message: str) -> None:
    """Say what went wrong, on stderr."""
    print(f"error: {printable(message)}", file=sys.stderr)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone, unless ``yes``; a refusal ends the command with exit code 1.

    Without a terminal nobody can answer, so the command stops instead of guessing.
    """
    import typer

    if yes:
        return
    if not sys.stdin.isatty():
        complain(f"{question} Repeat the command with --yes to do it without being asked.")
        raise typer.Exit(ExitCode.USAGE)
    with _default_ctrl_c():
        typer.confirm(printable(question), abort=True, err=True)


@contextmanager
def _default_ctrl_c() -> Iterator[None]:
    """Inside a running loop the first Ctrl-C only cancels a task, which a question that is waiting never notices."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
