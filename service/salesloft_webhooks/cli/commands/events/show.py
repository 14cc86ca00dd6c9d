"""`events show`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.events.entry_output import WithData, entry_object
from salesloft_webhooks.cli.commands.events.past_attempts import show_tried, tried_in
from salesloft_webhooks.cli.console import described, show, show_json
from salesloft_webhooks.cli.found_events import found_event
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.tables import show_table, single_line
from salesloft_webhooks.cli.times import moment_text, seconds_text
from salesloft_webhooks.follow_ups import ID_PREFIX

if TYPE_CHECKING:
    from salesloft_webhooks.broker.administration.history import EventInGroup, History

JSON_NAMES = {"state": "fate", "resubmitted": "again"}
"""The names of version 0.1.0 in JSON, by those of the fields."""


def show_event(
    event_id: Annotated[str, typer.Argument(metavar="EVENT", help="Event id, e.g. email.opened/812345678/3.")],
    *,
    with_data: WithData = False,
    as_json: AsJson = False,
) -> None:
    """Say what became of an event in every group."""
    found = found_event(event_id)
    if as_json:
        document = {**_object(found), "entry": found.entry and entry_object(found.entry, with_data=with_data)}
        show_json(document)
    else:
        _show_history(found, with_data=with_data)


def _object(found: "History") -> dict[str, object]:
    groups = [_group_object(row) for row in found.groups]
    about = {"event_id": found.event_id, "duplicates": found.duplicates, "backfilled": found.backfilled}
    return {**about, "groups": groups, "follow_ups": [described(one) for one in found.follow_ups]}


def _group_object(row: "EventInGroup") -> dict[str, object]:
    """With the names that scripts have always read."""
    return {JSON_NAMES.get(name, name): value for name, value in described(row).items()}


def _show_history(found: "History", *, with_data: bool) -> None:
    from rich.text import Text

    show(Text(single_line(found.event_id), style="bold"))
    for line in _about(found):
        show(Text(f"  {single_line(line)}"))
    rows = [(row.group, row.state.replace("_", " "), row.attempts or "", _detail(row)) for row in found.groups]
    show_table(("GROUP", "STATE", "ATTEMPTS", "DETAIL"), rows, numbers=("ATTEMPTS",), cut=("DETAIL",))
    if tried := tried_in(found):
        show(Text("attempts"))
        show_tried(tried)
    if found.follow_ups:
        show(Text("follow-ups"))
        asked = [(one.group, one.event_id, one.state, one.key, one.task, _due(one.due_at)) for one in found.follow_ups]
        show_table(("GROUP", "EVENT", "STATE", "KEY", "TASK", "DUE"), asked, cut=("KEY",))
    if with_data and found.entry:
        show(found.entry.data.decode(errors="backslashreplace"))


def _about(found: "History") -> Iterator[str]:
    if entry := found.entry:
        yield f"{entry.event_type} of {entry.entity_key} from source {entry.source}, happened {entry.created_at}"
        age = (datetime.now(UTC) - entry.received_at).total_seconds()
        yield f"stored {moment_text(entry.received_at)}, {seconds_text(max(age, 0.0))} ago, as {entry.reference}"
    elif not found.groups and any(one.event_id == found.event_id for one in found.follow_ups):
        yield "a follow-up that has not become an event"
    elif found.erased_at:
        yield f"stored as {found.reference}; erased {moment_text(found.erased_at)}"
    else:
        yield f"stored as {found.reference}; its content has left the history"
    if entry and entry.unreadable:
        yield f"its data cannot be read: {entry.unreadable}"
    if found.backfilled:
        yield f"fetched by a backfill; delivered {found.duplicates} time{'' if found.duplicates == 1 else 's'} since"
    elif not found.event_id.startswith(ID_PREFIX):  # nobody has delivered a follow-up
        yield f"delivered {found.duplicates + 1} time{'s' if found.duplicates else ''}"


def _due(at: datetime | None) -> str:
    return "" if at is None else moment_text(at)


def _detail(row: "EventInGroup") -> str:
    words = ["after a replay or redrive"] if row.resubmitted else []
    if row.consumer:
        words.append(f"by {row.consumer}")
    if row.due_at:
        left = (row.due_at - datetime.now(UTC)).total_seconds()
        subject = "next attempt" if row.state == "scheduled" else "lease ends"
        words.append(f"{subject} in {seconds_text(left)}" if left > 0 else f"{subject} now")
    return ", ".join(words)
