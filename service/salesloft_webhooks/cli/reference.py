"""Writes the reference pages that would go wrong by hand: ``python -m salesloft_webhooks.cli.reference docs``.

``docs/configuration.md`` comes from `Settings`, ``docs/cli.md`` from the commands themselves, ``docs/redis_users.md``
from the table of rights. A test fails when the
pages and the code disagree; ``make docs`` makes them agree.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

import typer.main
from pydantic_core import PydanticUndefined
from typer.core import TyperArgument

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.redis_users_page import redis_users_page
from salesloft_webhooks.environment import Environment
from salesloft_webhooks.settings import Settings

PROGRAM = "salesloft-webhooks"
SECTION = re.compile(r"    # -- (?P<name>.+?) -+$")
FIELD = re.compile(r"    (?P<name>[a-z_]+): ")
LIMITS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most"}

CONFIGURATION = """\
# Configuration

<!-- Written by `make docs` from service/salesloft_webhooks/settings.py and store_settings.py; do not edit. -->

Every setting is an environment variable. A variable that is empty counts as not set. A wrong value ends the program
with exit code 2 and a message that names the variable, never its value. Options of a command win over variables.

Variables marked *secret* are never printed or logged. Those with a `_FILE` twin may instead name a file that holds the
value, as Kubernetes mounts secrets.

Beyond these: the `OTEL_*` variables as OpenTelemetry defines them (no traces are made without an exporter's endpoint),
and `DATA_DIR`, the folder of `salesloft-webhooks up` (`.data` by default), in which other commands look for a running
pipeline when `REDIS_URL` is not set.
"""

COMMANDS = """\
# Command line

<!-- Written by `make docs` from the commands themselves; do not edit. -->

One program with a role or an administrative act per command. Results go to stdout, everything said about them to
stderr. With `--json`, stdout carries one JSON document and nothing else, or one a line where a command follows
something; new fields may be added, existing ones keep their name and meaning.

Where `REDIS_URL` is not set and `salesloft-webhooks up` is running in the same folder, commands work on its pipeline
and say so.

## Exit codes

| code | meaning |
|---|---|
"""


def configuration_page() -> str:
    """``docs/configuration.md``."""
    schema = Settings.model_json_schema()
    parts = [CONFIGURATION]
    for section, names in _sections().items():
        parts.append(f"\n## {section}\n\n| variable | default | value | meaning |\n|---|---|---|---|\n")
        parts += [_setting(name, schema) for name in names]
    return "".join(parts)


def _sections() -> dict[str, list[str]]:
    """The settings under the headings that stand as comments in the source, and in that of what it inherits."""
    found: dict[str, list[str]] = {}
    classes = [kind for kind in reversed(Settings.mro()) if issubclass(kind, Environment)]
    for line in "".join(inspect.getsource(kind) for kind in classes).splitlines():
        if section := SECTION.match(line):
            found[section["name"]] = []
        elif found and (field := FIELD.match(line)) and field["name"] in Settings.model_fields:
            found[next(reversed(found))].append(field["name"])
    return found


def _setting(name: str, schema: Mapping[str, Any]) -> str:
    field = Settings.model_fields[name]
    described = _resolved(schema["properties"][name], schema)
    cells = (f"`{name.upper()}`", _default(field.default), _value(described), field.description or "")
    return f"| {' | '.join(_cell(cell) for cell in cells)} |\n"


def _resolved(described: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """A property without references and without the "or nothing" of an optional one."""
    options = [option for option in described.get("anyOf", ()) if option.get("type") != "null"]
    merged = {**described, **(options[0] if options else {})}
    if reference := merged.get("$ref"):
        merged |= schema["$defs"][reference.rpartition("/")[2]]
    return merged


def _default(default: object) -> str:
    if default is None or default == () or default is PydanticUndefined:
        return "-"
    plain = default.get_secret_value() if hasattr(default, "get_secret_value") else default
    if isinstance(plain, tuple):
        plain = ",".join(plain)  # as it is written in the environment
    return f"`{plain}`"


def _value(described: Mapping[str, Any]) -> str:
    if "enum" in described:
        return ", ".join(f"`{choice}`" for choice in described["enum"])
    if described.get("type") == "array":
        return "secret comma list" if described["items"].get("writeOnly") else "comma list"
    kind = {"integer": "whole number", "number": "number", "boolean": "true or false"}.get(described["type"], "text")
    if described.get("format") == "path":
        kind = "path"
    if described.get("writeOnly"):
        kind = "secret"
    limits = [f"{word} {described[limit]:g}" for limit, word in LIMITS.items() if limit in described]
    return ", ".join([kind, *limits])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def cli_page() -> str:
    """``docs/cli.md``."""
    codes = "".join(f"| {member.value} | {_cell(meaning)} |\n" for member, meaning in _meanings(ExitCode))
    root = typer.main.get_command(application())
    return COMMANDS + codes + "".join(_command((PROGRAM,), root))


def _meanings(enum: type[IntEnum]) -> Iterator[tuple[IntEnum, str]]:
    """Members with their docstrings, which Python itself forgets."""
    (definition,) = ast.parse(inspect.getsource(enum)).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - the source of a class is a class
    for assigned, documented in zip(definition.body[1::2], definition.body[2::2], strict=True):
        match assigned, documented:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(meaning))):
                yield enum[name], meaning


def _command(path: tuple[str, ...], command: Any) -> Iterator[str]:
    children: Mapping[str, Any] = getattr(command, "commands", {})
    if len(path) > 1:
        yield f"\n{'#' * len(path)} {' '.join(path[1:])}\n\n{inspect.cleandoc(command.help or '')}\n"
        if not children or command.invoke_without_command:
            yield f"\n```\n{' '.join(path)} {_usage(command)}\n```\n"
            yield _options(command)
    for name, child in children.items():
        if not child.hidden:
            yield from _command((*path, name), child)


def _usage(command: Any) -> str:
    return " ".join(["[OPTIONS]", *(_metavar(one) for one in command.params if _is_argument(one))])


def _is_argument(parameter: Any) -> bool:
    return isinstance(parameter, TyperArgument)


def _metavar(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _options(command: Any) -> str:
    rows = [_option(one) for one in command.params if one.name != "help" and one.help]
    return "\n| option | default | meaning |\n|---|---|---|\n" + "".join(rows) if rows else ""


def _option(one: Any) -> str:
    name = _metavar(one) if _is_argument(one) else ", ".join([*one.opts, *one.secondary_opts])
    not_shown = one.default is None or one.default is False or one.default == ""
    default = "-" if not_shown else f"`{one.default}`"
    variable = f" Variable: `{one.envvar}`." if one.envvar else ""
    return f"| `{_cell(name)}` | {_cell(default)} | {_cell(one.help)}{variable} |\n"


PAGES = {"configuration.md": configuration_page, "cli.md": cli_page, "redis_users.md": redis_users_page}


def main(folder: Path) -> None:
    """Write every page into a folder."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
