"""One person: what happened to them, the latest first, and what of it waits for what."""

from datetime import datetime

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.history import EventInGroup
from salesloft_webhooks.broker.administration.lanes import LaneView, lanes_of
from salesloft_webhooks.broker.administration.search import search_page
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.broker.administration.search_slices import Found
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.refusals import NotFound
from salesloft_webhooks.console.routes import View, page
from salesloft_webhooks.console.shown_commands import command_line

SHOWN = 50
LOOK_SECONDS = 0.5
"""Below what a page may take; whoever wants to look further back goes on from there."""
LONGEST_ID = 20


class PersonEvent(Struct, frozen=True):
    """One event of the person.

    Attributes:
        event_id: Its id.
        event_type: What happened.
        happened_at: When, as the sender wrote it.
        received_at: When it was stored.
        only: The one group that this copy is for (a redrive or replay); else empty.
        groups: Where it stands in each group that has to do with it.
    """

    event_id: str
    event_type: str
    happened_at: str
    received_at: datetime
    only: str
    groups: tuple[EventInGroup, ...]


class PersonValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        person_id: Whose events.
        events: The latest first.
        lanes: What is not finished, in the order in which it will be, by group.
        looked: Entries of the history that were looked at so far.
        total: How many there are.
        after: Where to go on; empty: the whole history was looked through.
        began: Whether this begins with the latest.
        kept_seconds: How long the history is kept.
    """

    person_id: str
    events: tuple[PersonEvent, ...]
    lanes: tuple[LaneView, ...]
    looked: int
    total: int
    after: str
    began: bool
    kept_seconds: int


async def person(request: Request, console: Console) -> View:
    """One person's events."""
    person_id, after = request.path_params["id"], request.query_params.get("after", "")
    if not (person_id.isascii() and person_id.isdigit() and len(person_id) <= LONGEST_ID):
        raise NotFound("People are called by the number that SalesLoft gives them")
    query = Query(person=person_id)
    try:
        found = await search_page(console.store, query, cursor=after, limit=SHOWN, seconds=LOOK_SECONDS)
    except ValueError as exc:
        raise NotFound("There is no such place in the history") from exc
    values = PersonValues(
        person_id=person_id,
        events=tuple(_event(each) for each in found.found),
        lanes=await lanes_of(console.store, query.entity_key),
        looked=found.looked,
        total=found.total,
        after=found.cursor,
        began=not after,
        kept_seconds=console.settings.retention_seconds,
    )
    return View("person.html", f"Person {person_id}", values, command_line("events search", person=person_id))


def _event(found: Found) -> PersonEvent:
    entry = found.entry
    groups = tuple(row for row in found.groups if row.state != "not_wanted")
    return PersonEvent(entry.event_id, entry.event_type, entry.created_at, entry.received_at, entry.only, groups)


ROUTES = [page("/people/{id}", person)]
