"""`events search`."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.events.entry_output import WithData
from salesloft_webhooks.cli.console import described, note, show_json
from salesloft_webhooks.cli.nearest_names import require_group, require_known_types
from salesloft_webhooks.cli.options import AsJson, InGroup, Limit, PersonId, Source, Types
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import single_line
from salesloft_webhooks.cli.times import moment_text, parse_moment

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.search import Page
    from salesloft_webhooks.broker.administration.search_query import Query
    from salesloft_webhooks.broker.administration.search_slices import Found
    from salesloft_webhooks.settings import Settings

ASK = "-"
"""As a text to look for: read it from the terminal, so that it stands in no list of commands or processes."""


def _state_names() -> list[str]:
    from salesloft_webhooks.broker.administration.history import EventState

    return list(EventState)


def _state(name: str) -> str:
    if name and name not in _state_names():
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(_state_names())}.")
    return name


StateName = Annotated[
    str,
    typer.Option(
        "--state",
        metavar="STATE",
        callback=_state,
        autocompletion=_state_names,
        help="Only what is dead, done, scheduled, ... in the group, or in some group.",
    ),
]


def search_events(  # noqa: PLR0913 - each is an option of the command line
    *,
    person: PersonId = "",
    types: Types = None,
    source: Source = "",
    group: InGroup = "",
    state: StateName = "",
    contains: Annotated[
        str, typer.Option(metavar="TEXT", help="With this in its data, such as an e-mail address; - asks for it.")
    ] = "",
    since: Annotated[str, typer.Option(help="Stored at this time or later: 2h (ago), or ISO 8601.")] = "",
    until: Annotated[str, typer.Option(help="Stored at this time or earlier.")] = "",
    limit: Limit = 50,
    after: Annotated[str, typer.Option(metavar="CURSOR", help="Go on here: `next` of an earlier search.")] = "",
    with_data: WithData = False,
    as_json: AsJson = False,
) -> None:
    """Look through the history, latest first. Takes its time: there is no index, and the store's work goes first."""
    from salesloft_webhooks.broker.administration.history import EventState
    from salesloft_webhooks.broker.administration.search_query import Query

    query = Query(
        person=person,
        types=tuple(types or ()),
        source=source,
        group=group,
        state=EventState(state) if state else None,
        contains=typer.prompt("Text", hide_input=True, err=True) if contains == ASK else contains,
        since=parse_moment(since) if since else None,
        until=parse_moment(until) if until else None,
    )
    found, last = with_store(partial(_search, query, limit, after, shown=None if as_json else with_data))
    if as_json:
        events = [
            {**described(one.entry, without=() if with_data else {"data"}), "groups": described(one)["groups"]}
            for one in found
        ]
        show_json(
            {
                "events": events,
                "looked": last.looked,
                "total": last.total,
                "unreadable": last.unreadable,
                "next": last.cursor or None,
            }
        )
        return
    if not found:
        require_known_types(types)
    note(_conclusion(len(found), last))


async def _search(
    query: "Query", limit: int, after: str, store: "Store", _: "Settings", *, shown: bool | None
) -> tuple[list["Found"], "Page"]:
    """All that is found, and the last page; each is printed at once (with its data or not) unless ``shown`` is None."""
    from salesloft_webhooks.broker.administration.search import search

    if query.group:
        await require_group(store, query.group)
    found: list[Found] = []
    try:
        async for page in search(store, query, cursor=after, limit=limit):
            _say_progress(page)
            found += page.found
            for one in page.found if shown is not None else ():
                print(single_line(_line(one, with_data=bool(shown))), flush=True)
    except ValueError:
        raise typer.BadParameter(f"--after {after!r} is no place in the history: take `next` of a search") from None
    return found, page


def _line(found: "Found", *, with_data: bool) -> str:
    states = ", ".join(f"{row.group} {row.state.replace('_', ' ')}" for row in found.groups)
    entry = found.entry
    about = f"{moment_text(entry.received_at)}  {entry.event_type:<28}  {entry.event_id}  {entry.entity_key}  {states}"
    return f"{about}  {entry.data.decode(errors='backslashreplace')}" if with_data else about


def _say_progress(page: "Page") -> None:
    """On a terminal, in the one line that is written over and over."""
    if sys.stderr.isatty():
        text = f"looked through {page.looked:,} of {page.total:,}"
        print(f"\r{'' if page.ended else text:<60}\r", end="", file=sys.stderr, flush=True)


def _conclusion(count: int, last: "Page") -> str:
    looked = f"{count:,} found, looked through {last.looked:,} of {last.total:,} entries"
    if last.unreadable:
        looked += f"; {last.unreadable:,} could not be looked into: {last.why_unreadable}"
    return f"{looked}; go on with --after {last.cursor}" if last.cursor else looked
