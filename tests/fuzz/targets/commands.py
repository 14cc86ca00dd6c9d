"""Command lines: what is wrong with one is wrong usage, never a traceback."""

import contextlib
import io
import os
import shlex
from collections.abc import Callable
from functools import cache
from unittest import mock

import typer

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.errors import StoreUnavailable
from tests.fuzz.search import Target

_HARMLESS = ("dead", "events", "replay", "groups", "quarantine", "runs", "audit", "erase", "status", "size", "version")
"""Commands that open a store, which here cannot be reached, or need nothing. Others serve, send or write files."""


@cache
def _command() -> Callable[..., object]:
    return typer.main.get_command(application())


def _unreachable(*_: object) -> None:
    raise StoreUnavailable("there is no store here")


def _check_command(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape").replace("\0", "")
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    if not words or words[0] not in _HARMLESS:
        words.insert(0, _HARMLESS[len(words) % len(_HARMLESS)])
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    errors = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")  # as Python's own
    quiet = contextlib.ExitStack()
    with quiet:
        quiet.enter_context(contextlib.redirect_stdout(output))
        quiet.enter_context(contextlib.redirect_stderr(errors))
        quiet.enter_context(mock.patch.dict(os.environ, {"REDIS_URL": "redis://127.0.0.1:1"}))
        quiet.enter_context(mock.patch("salesloft_webhooks.broker.open_store", _unreachable))
        with contextlib.suppress(SystemExit):
            _command()(words, prog_name="salesloft-webhooks")


_OPTIONS = "--json --all --yes --limit --group --type --reason --error --person --since --until --after --source --id "
_OPTIONS += "--dry-run --help --contains --state --expect --with-data --rate --text --events --outcome --who --act"
COMMANDS = Target(
    _check_command,
    ("salesloft_webhooks.cli", "salesloft_webhooks.readable_times", "salesloft_webhooks.broker.administration"),
    [
        *(f" {word} ".encode() for word in (*_HARMLESS, *_OPTIONS.split())),
        *(
            b" list ",
            b" show ",
            b" search ",
            b" discard ",
            b" redrive ",
            b" pause ",
            b" remove ",
            b" reprocess ",
            b" tail ",
        ),
        *(
            b"2h",
            b"2026-03-07T04:26:14Z",
            b"0001-01-01T00:00+23:59",
            b"0/1-0",
            b"crm/0/1-0",
            b"email.*",
            b"' '",
            b" -- ",
        ),
    ],
    longest_bytes=2_000,
)
