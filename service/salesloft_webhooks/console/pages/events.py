"""Events: as they come, or what a search finds, the latest first.

A page shows what a twentieth of a second finds. If that is not enough, it asks for more by itself (htmx, or its reader
by a link), a second's worth at a time, until it has a page full: nothing goes on when nobody asks.
"""

import asyncio
from collections.abc import AsyncGenerator
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request

from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.broker.administration.search import End, Page
from salesloft_webhooks.broker.administration.search_cursor import SearchCursor
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
from salesloft_webhooks.console.running_searches import Turn
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.event_patterns import is_known, is_pattern

FULL = 50
"""Rows of a page."""
FIRST_SECONDS, MORE_SECONDS = 0.05, 1.0
LONGEST_TEXT = 200
SETTLED_SECONDS = 2 * EVERY_SECONDS
"""After so long, whatever is stored comes to one who follows."""


class EventsValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        asked: What is searched for, by the names of the address.
        rows: What was found.
        count: How many rows the page has by now.
        looked: Entries looked at.
        total: Entries there are.
        ended: `End` or `Turn`, why it goes no further now.
        more: The address that goes on by itself; empty: nothing does.
        older: The page that goes on; empty: there is nothing more.
        live: The stream of new ones; empty: they are not shown as they come.
        problem: Why nothing can be shown; empty: it can.
        states: What a state may be.
        groups: Into which ticked events can be replayed.
    """

    asked: dict[str, str]
    rows: tuple[EventRow, ...] = ()
    count: int = 0
    looked: int = 0
    total: int = 0
    ended: str = ""
    more: str = ""
    older: str = ""
    live: str = ""
    problem: str = ""
    states: tuple[str, ...] = tuple(EventState)
    groups: tuple[str, ...] = ()


async def events(request: Request, console: Console) -> View:
    """The first of what is found, or the newest."""
    question = read_question(request, console)
    if question.problem:
        return _view(question, EventsValues(question.asked, problem=question.problem), status=400)
    after, person = request.query_params.get("after", ""), request.state.person.name
    seconds = MORE_SECONDS if "more" in request.query_params else FIRST_SECONDS
    try:
        found = await console.searches.look(question.query, cursor=after, limit=FULL, seconds=seconds)
    except ValueError:
        problem = "This address names no place in the history: begin the search again."
        return _view(question, EventsValues(question.asked, problem=problem), status=400)
    search_id = console.searches.begin(person) if found.ended is End.TIME else ""
    values = _values(question, found, search_id, len(found.found))
    values = replace(values, groups=tuple(sorted(await group_names(console.store))))
    if question.follows and not after:
        behind = values.rows[0].reference if values.rows else "0/0-0"
        values = replace(values, live=question.address("/events/live", behind=behind))
    return _view(question, values)


async def more_events(request: Request, console: Console) -> View:
    """What a page asks for that is not full yet: further rows, and how far the search has come."""
    question, asked = read_question(request, console), request.query_params
    search_id, after, has = asked.get("run", ""), asked.get("after", ""), asked.get("has", "0")
    person, count = request.state.person.name, int(has) if has.isascii() and has.isdigit() and len(has) < 4 else FULL
    try:
        begun = SearchCursor.parse(after)
    except ValueError:
        return _part(EventsValues({}, problem="This address names no place in the history."))
    if question.problem:
        return _part(EventsValues({}, problem=question.problem))
    turn = console.searches.turn(person, search_id)
    if turn is not Turn.GO:
        again = question.address("/events/more", after=after, run=search_id, has=count) if turn is Turn.WAIT else ""
        older = question.address("/events", after=after)
        return _part(EventsValues({}, looked=begun.looked, ended=turn, more=again, older=older))
    found = await console.searches.look(question.query, cursor=after, limit=max(1, FULL - count), seconds=MORE_SECONDS)
    console.searches.looked(person, search_id, max(0, found.looked - begun.looked))
    if found.ended is not End.TIME:
        console.searches.end(person, search_id)
    return _part(_values(question, found, search_id, count + len(found.found)))


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


def _values(question: Question, found: Page, search_id: str, count: int) -> EventsValues:
    goes_on = found.ended is End.TIME
    more = question.address("/events/more", after=found.cursor, run=search_id, has=count) if goes_on else ""
    return EventsValues(
        asked=question.asked,
        rows=tuple(event_row(one.entry, one.groups) for one in found.found),
        count=count,
        looked=found.looked,
        total=found.total,
        ended="" if goes_on or found.ended is None else found.ended,
        more=more,
        older=question.address("/events", after=found.cursor) if found.cursor else "",
    )


def _view(question: Question, values: EventsValues, status: int = 200) -> View:
    command = question.command if question.fields else command_line("events tail")
    group = question.fields.get("group", "GROUP")
    buttons = {"Replay selected": command_line("replay", group, id=("ID", "ID"), dry_run=True)} if values.rows else {}
    return View("events.html", "Events", values, command, status, "search" in question.fields, buttons)


def _part(values: EventsValues) -> View:
    return View("events_more.html", "Events", values, once=True)


ROUTES = [
    page("/events", events, label="Events"),
    page("/events/more", more_events),
    stream("/events/live", new_events),
    action("/search", find, needs=Role.VIEW, act="search"),
]
