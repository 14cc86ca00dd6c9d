"""Events as rows of a table: ids, times and states, nothing that a person wrote."""

from collections.abc import Iterable
from functools import cache

from jinja2 import Environment
from msgspec import Struct

from salesloft_webhooks.broker.administration.history import EventInGroup, EventState
from salesloft_webhooks.broker.administration.stored_records import Entry
from salesloft_webhooks.console.rendering import render, templates
from salesloft_webhooks.console.static_files import StaticFiles

KINDS = {
    EventState.DONE: "good",
    EventState.DEAD: "bad",
    EventState.RUNNING: "running",
    EventState.DISCARDED: "quiet",
    EventState.FILTERED: "quiet",
    EventState.DEBOUNCED: "quiet",
    EventState.PASSED_OVER: "quiet",
}
"""How a state is shown (``parts.state``); every other one waits for something."""
PERSON = "person:"


class StateRow(Struct, frozen=True):
    """Where an event stands in one group: the word, and how it is shown."""

    group: str
    state: str
    kind: str


class EventRow(Struct, frozen=True):
    """One entry.

    Attributes:
        event_id: Of the event.
        event_type: Of the event.
        entity_key: What it is ordered by.
        about: The person's id; empty where it is about nobody.
        source: Where it came from.
        stored_ms: When, Unix milliseconds.
        reference: The entry.
        only: The one group that this copy is for; empty: it is the event itself.
        groups: Where it stands in the groups that want it.
    """

    event_id: str
    event_type: str
    entity_key: str
    about: str
    source: str
    stored_ms: int
    reference: str
    only: str
    groups: tuple[StateRow, ...] = ()


def event_row(entry: Entry, groups: Iterable[EventInGroup] = ()) -> EventRow:
    """The row of an entry."""
    states = [row for row in groups if row.state is not EventState.NOT_WANTED]
    return EventRow(
        event_id=entry.event_id,
        event_type=entry.event_type,
        entity_key=entry.entity_key,
        about=entry.entity_key.removeprefix(PERSON) if entry.entity_key.startswith(PERSON) else "",
        source=entry.source,
        stored_ms=entry.reference.ms,
        reference=str(entry.reference),
        only=entry.only,
        groups=tuple(
            StateRow(row.group, row.state.replace("_", " "), KINDS.get(row.state, "waiting")) for row in states
        ),
    )


def row_html(row: EventRow) -> str:
    """The row alone, for a table that is there already."""
    return render(_templates(), "event_rows.html", {"rows": [row]})


@cache
def _templates() -> Environment:
    return templates(StaticFiles())
