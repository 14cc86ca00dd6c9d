"""Options that several commands share, so that they read and behave alike."""

from typing import Annotated

import typer

from salesloft_webhooks.errors import ConfigurationError

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without being asked.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]
Seed = Annotated[int | None, typer.Option(help="The same seed invents the same people and happenings.")]


def _dialect(name: str) -> str:
    if name and name not in (names := dialect_names()):
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(map(repr, names))}.")
    return name


def dialect_names() -> list[str]:
    """The dialects there are."""
    from salesloft_webhooks.dialects import DIALECTS

    return [dialect.name for dialect in DIALECTS]


DialectName = Annotated[
    str,
    typer.Option(
        "--dialect",
        metavar="NAME",
        callback=_dialect,
        autocompletion=dialect_names,
        help="envelope, native, ...; by default all there are keys for, at random.",
    ),
]


def _patterns(words: list[str] | None) -> list[str] | None:
    from salesloft_webhooks.event_patterns import RULE, is_pattern

    for word in words or ():
        if not is_pattern(word):
            raise ConfigurationError(f"--type {word!r} is no event pattern: {RULE}")
    return words


Types = Annotated[
    list[str] | None,
    typer.Option("--type", "-t", callback=_patterns, help="Event type or pattern (email.*). Repeatable."),
]


def _person(text: str) -> str:
    if text and not (text.isascii() and text.isdigit()):
        raise typer.BadParameter(f"{text!r} is no id of a person, which is a number.")
    return text


PersonId = Annotated[
    str, typer.Option("--person", callback=_person, metavar="ID", help="About the person with this id only.")
]
Source = Annotated[str, typer.Option("--source", metavar="NAME", help="From this source only.")]
InGroup = Annotated[str, typer.Option("--group", "-g", help="Of this group only.")]
GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="A consumer group, as `groups list` shows.")]

RoleHost = Annotated[str | None, typer.Option("--host", envvar="HOST", help="Address to listen on; all by default.")]
RolePort = Annotated[
    int | None, typer.Option("--port", envvar="PORT", min=0, max=65_535, help="Webhook port; 8000 by default.")
]
RoleOpsPort = Annotated[
    int | None,
    typer.Option("--ops-port", envvar="OPS_PORT", min=0, max=65_535, help="Probes and metrics port; 9090 by default."),
]
