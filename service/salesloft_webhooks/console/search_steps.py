"""A search that a page shows while it goes on.

A page shows what a twentieth of a second finds. If that is not enough, it asks for more by itself (htmx, or its reader
by a link), a second's worth at a time, until it has a page full: nothing goes on when nobody asks.
"""

from collections.abc import Callable

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.search import End, Page
from salesloft_webhooks.broker.administration.search_cursor import SearchCursor
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.broker.administration.search_slices import Found
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.running_searches import Turn
from salesloft_webhooks.console.unread_entries import NONE_UNREAD, Unread

FULL = 50
"""Rows of a page."""
FIRST_SECONDS, MORE_SECONDS = 0.05, 1.0
NO_PLACE = "This address names no place in the history: begin the search again."

Address = Callable[..., str]
"""``address(path, **words)``: the path with what is asked for, and these words."""


class SearchState(Struct, frozen=True):
    """How far a search has come (``search_state.html``).

    Attributes:
        count: How many rows the page has by now.
        looked: Entries looked at.
        total: Entries there are.
        ended: `End` or `Turn`, why it goes no further now.
        more: The address that goes on by itself; empty: nothing does.
        older: The page that goes on; empty: there is nothing more.
        problem: Why nothing can be shown; empty: it can.
        unreadable: How many entries may have the text that is looked for, and cannot be read here.
        why_unreadable: Why.
    """

    count: int = 0
    looked: int = 0
    total: int = 0
    ended: str = ""
    more: str = ""
    older: str = ""
    problem: str = ""
    unreadable: int = 0
    why_unreadable: str = ""


class Sought(Struct, frozen=True):
    """What is searched for: the query, the page that shows it, and the page's addresses."""

    query: Query
    path: str
    address: Address


async def first_step(request: Request, console: Console, sought: Sought) -> tuple[tuple[Found, ...], SearchState]:
    """What a page shows at once: from `after` of its address on, for longer with `more`.

    Raises:
        ValueError: `after` is no cursor.
        StoreError: the store cannot be asked.
    """
    asked = request.query_params
    seconds = MORE_SECONDS if "more" in asked else FIRST_SECONDS
    found = await console.searches.look(sought.query, cursor=asked.get("after", ""), limit=FULL, seconds=seconds)
    search_id = console.searches.begin(request.state.person.name) if found.ended is End.TIME else ""
    return found.found, _state(sought, found, search_id, len(found.found))


async def next_step(request: Request, console: Console, sought: Sought) -> tuple[tuple[Found, ...], SearchState]:
    """What a page asks for that is not full yet: more of what is found, and how far the search has come.

    Raises:
        StoreError: the store cannot be asked.
    """
    asked, searches, person = request.query_params, console.searches, request.state.person.name
    search_id, after, has = asked.get("run", ""), asked.get("after", ""), asked.get("has", "0")
    count = int(has) if has.isascii() and has.isdigit() and len(has) < 4 else FULL
    try:
        begun = SearchCursor.parse(after)
    except ValueError:
        return (), SearchState(problem=NO_PLACE)
    turn = searches.turn(person, search_id)
    if turn is not Turn.GO:
        asks = {"after": after, "run": search_id, "has": count, **Unread.of(asked).asked}
        again = sought.address(f"{sought.path}/more", **asks) if turn is Turn.WAIT else ""
        older = sought.address(sought.path, after=after)
        return (), SearchState(looked=begun.looked, ended=turn, more=again, older=older)
    found = await searches.look(sought.query, cursor=after, limit=max(1, FULL - count), seconds=MORE_SECONDS)
    searches.looked(person, search_id, max(0, found.looked - begun.looked))
    if found.ended is not End.TIME:
        searches.end(person, search_id)
    return found.found, _state(sought, found, search_id, count + len(found.found), Unread.of(asked))


def _state(sought: Sought, found: Page, search_id: str, count: int, before: Unread = NONE_UNREAD) -> SearchState:
    goes_on, unread = found.ended is End.TIME, before.and_of(found)
    path, place = sought.path, found.cursor
    asks = {"after": place, "run": search_id, "has": count, **unread.asked}
    return SearchState(
        count=count,
        looked=found.looked,
        total=found.total,
        ended="" if goes_on or found.ended is None else found.ended,
        more=sought.address(f"{path}/more", **asks) if goes_on else "",
        older=sought.address(path, after=place) if place else "",
        unreadable=unread.count,
        why_unreadable=unread.why,
    )
