"""`events attempts`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import described, note, show_json
from salesloft_webhooks.cli.found_events import found_event
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.tables import Row, show_table
from salesloft_webhooks.cli.times import moment_text, seconds_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker.administration.history import EventInGroup, History


def show_attempts(
    event_id: Annotated[str, typer.Argument(metavar="EVENT", help="Event id, e.g. email.opened/812345678/3.")],
    *,
    group: Annotated[str | None, typer.Option(help="Of this group only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the attempts at an event that ended: when, how long, how and why. The first and the last nine of each group.

    An event that succeeds at once has none. E-mail addresses and long numbers are masked in errors.
    """
    found = found_event(event_id)
    rows = [row for row in found.groups if group in {None, row.group}]
    if as_json:
        tried = [{"group": row.group, **described(each)} for row in rows for each in row.tried]
        show_json({"event_id": found.event_id, "attempts": tried})
    elif any(row.tried for row in rows):
        show_tried(rows)
    else:
        note("none is kept: what succeeds at once leaves none")


def show_tried(rows: "list[EventInGroup]") -> None:
    """A table of attempts, group by group."""
    cells = [cell for row in rows for cell in _rows(row)]
    show_table(("GROUP", "NO", "BEGAN", "TOOK", "ENDED", "ERROR"), cells, numbers=("NO",), cut=("ERROR",))


def tried_in(found: "History") -> "list[EventInGroup]":
    """The groups of which attempts are kept."""
    return [row for row in found.groups if row.tried]


def _rows(row: "EventInGroup") -> Iterator[Row]:
    for each in row.tried:
        took = "" if each.seconds is None else seconds_text(each.seconds)
        error = f"by {each.error}" if each.ended == "lost" else each.error
        cells = (row.group, each.number, moment_text(each.began_at), took, each.ended, error)
        yield Row(cells, below=f"trace {each.trace_id}" if each.trace_id else "")
