"""Events: as they come, or what a search finds, the latest first."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from urllib.parse import quote

from msgspec.structs import asdict, replace
from starlette.requests import Request

from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.broker.administration.search_slices import Found
from salesloft_webhooks.broker.administration.search_text import text_fingerprint
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.event_question import Question, read_question
from salesloft_webhooks.console.event_rows import EventRow, event_row, row_html
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.live import EVERY_SECONDS
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import Done, View, action, page, stream
from salesloft_webhooks.console.search_steps import (
    FULL,
    MORE_SECONDS,
    NO_PLACE,
    SearchState,
    Sought,
    first_step,
    next_step,
)
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.event_patterns import is_known, is_pattern

LONGEST_TEXT = 200
SETTLED_SECONDS = 2 * EVERY_SECONDS
"""After so long, whatever is stored comes to one who follows."""


class EventsValues(SearchState, frozen=True, kw_only=True):
    """What the page shows, besides how far the search has come.

    Attributes:
        asked: What is searched for, by the names of the address.
        rows: What was found.
        live: The stream of new ones; empty: they are not shown as they come.
        states: What a state may be.
        groups: Into which ticked events can be replayed.
    """

    asked: dict[str, str]
    rows: tuple[EventRow, ...] = ()
    live: str = ""
    states: tuple[str, ...] = tuple(EventState)
    groups: tuple[str, ...] = ()


async def events(request: Request, console: Console) -> View:
    """The first of what is found, or the newest."""
    question = read_question(request, console)
    if question.problem:
        return _view(question, EventsValues(asked=question.asked, problem=question.problem), status=400)
    try:
        found, state = await first_step(request, console, _sought(question))
    except ValueError:
        return _view(question, EventsValues(asked=question.asked, problem=NO_PLACE), status=400)
    values = replace(_values(question, found, state), groups=tuple(sorted(await group_names(console.store))))
    if question.follows and "after" not in request.query_params:
        behind = values.rows[0].reference if values.rows else "0/0-0"
        values = replace(values, live=question.address("/events/live", behind=behind))
    return _view(question, values)


async def more_events(request: Request, console: Console) -> View:
    """What a page asks for that is not full yet: further rows, and how far the search has come."""
    question = read_question(request, console)
    if question.problem:
        return View("events_more.html", "Events", EventsValues(asked={}, problem=question.problem), once=True)
    found, state = await next_step(request, console, _sought(question))
    return View("events_more.html", "Events", _values(question, found, state), once=True)


async def new_events(request: Request, console: Console) -> AsyncGenerator[str]:
    """Those that are meant, as they come; first what came since the page was made. A row may come twice: `live.js`."""
    question = read_question(request, console)
    behind = Reference.parse(request.query_params.get("behind", ""))
    with console.live.following() as coming:
        await asyncio.sleep(SETTLED_SECONDS)
        missed = await console.searches.look(question.query, cursor="", limit=FULL, seconds=MORE_SECONDS)
        for one in reversed(missed.found):
            if behind is not None and one.entry.reference > behind:
                yield row_html(event_row(one.entry, one.groups))
        while True:
            entry = await coming.get()
            if question.query.wants(entry, ()):
                yield row_html(event_row(entry))


async def find(form: Form, console: Console, person: Person) -> Done:
    """Whatever was typed into the box of every page: an event, a person, a type, or a text such as an address."""
    text = form.required("text")
    if len(text) > LONGEST_TEXT:
        raise FormRefused(f"a text to search for has at most {LONGEST_TEXT} characters")
    if text.isascii() and text.isdigit() and await history(console.store, text) is None:
        return Done("By person", f"/events?person={text}", silent=True)
    if is_pattern(text) and is_known(text):
        return Done("By type", f"/events?type={quote(text, safe='*')}", silent=True)
    if "@" not in text and await history(console.store, text) is not None:
        return Done("By event", f"/events/{quote(text)}", silent=True)
    text_id = console.searches.keep_text(person.name, text)
    fingerprint = await text_fingerprint(console.store, text)
    return Done(f"By text, HMAC {fingerprint}", f"/events?search={text_id}", silent=True)


def _sought(question: Question) -> Sought:
    return Sought(question.query, "/events", question.address)


def _values(question: Question, found: Iterable[Found], state: SearchState) -> EventsValues:
    rows = tuple(event_row(one.entry, one.groups) for one in found)
    return EventsValues(asked=question.asked, rows=rows, **asdict(state))


def _view(question: Question, values: EventsValues, status: int = 200) -> View:
    command = question.command if question.fields else command_line("events tail")
    group = question.fields.get("group", "GROUP")
    buttons = {"Replay selected": command_line("replay", group, id=("ID", "ID"), dry_run=True)} if values.rows else {}
    return View("events.html", "Events", values, command, status, "search" in question.fields, buttons)


ROUTES = [
    page("/events", events, label="Events"),
    page("/events/more", more_events),
    stream("/events/live", new_events),
    action("/search", find, needs=Role.VIEW, act="search"),
]
