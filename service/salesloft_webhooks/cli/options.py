"""Options that several commands share, so that they read and behave alike."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without being asked.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]
Types = Annotated[list[str] | None, typer.Option("--type", "-t", help="Event type or glob (email.*). Repeatable.")]
InGroup = Annotated[str, typer.Option("--group", "-g", help="Of this group only.")]
GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="A consumer group, as `groups list` shows.")]
