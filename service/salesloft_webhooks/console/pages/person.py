"""One person: what happened to them, the latest first, and what of it waits for what."""

from datetime import datetime
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import asdict
from starlette.requests import Request

from salesloft_webhooks.broker.administration.history import EventInGroup
from salesloft_webhooks.broker.administration.lanes import LaneView, lanes_of
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.broker.administration.search_slices import Found
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.refusals import NotFound
from salesloft_webhooks.console.routes import View, page
from salesloft_webhooks.console.search_steps import SearchState, Sought, first_step, next_step
from salesloft_webhooks.console.shown_commands import command_line

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


class PersonValues(SearchState, frozen=True, kw_only=True):
    """What the page shows, besides how far the search has come.

    Attributes:
        person_id: Whose events.
        events: The latest first.
        lanes: What is not finished, in the order in which it will be, by group.
        began: Whether this begins with the latest.
        kept_seconds: How long the history is kept.
    """

    person_id: str
    events: tuple[PersonEvent, ...]
    lanes: tuple[LaneView, ...] = ()
    began: bool = False
    kept_seconds: int = 0


async def person(request: Request, console: Console) -> View:
    """One person's events."""
    person_id, sought = _asked(request)
    try:
        found, state = await first_step(request, console, sought)
    except ValueError as exc:
        raise NotFound("There is no such place in the history") from exc
    values = PersonValues(
        person_id=person_id,
        events=tuple(_event(each) for each in found),
        lanes=await lanes_of(console.store, sought.query.entity_key),
        began="after" not in request.query_params,
        kept_seconds=console.settings.retention_seconds,
        **asdict(state),
    )
    return View("person.html", f"Person {person_id}", values, command_line("events search", person=person_id))


async def more_of_person(request: Request, console: Console) -> View:
    """What the page asks for that is not full yet."""
    person_id, sought = _asked(request)
    found, state = await next_step(request, console, sought)
    values = PersonValues(person_id=person_id, events=tuple(_event(each) for each in found), **asdict(state))
    return View("person_more.html", f"Person {person_id}", values)


def _asked(request: Request) -> tuple[str, Sought]:
    person_id = request.path_params["id"]
    if not (person_id.isascii() and person_id.isdigit() and len(person_id) <= LONGEST_ID):
        raise NotFound("People are called by the number that SalesLoft gives them")
    query = Query(person=person_id)
    return person_id, Sought(query, f"/people/{person_id}", lambda path, **words: f"{path}?{urlencode(words)}")


def _event(found: Found) -> PersonEvent:
    entry = found.entry
    groups = tuple(row for row in found.groups if row.state != "not_wanted")
    return PersonEvent(entry.event_id, entry.event_type, entry.created_at, entry.received_at, entry.only, groups)


ROUTES = [page("/people/{id}", person), page("/people/{id}/more", more_of_person)]
