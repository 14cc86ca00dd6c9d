"""Search: looks through the history, the latest entry first, without an index and without holding up the server.

A search is a row of slices (``search.lua``). Each looks at a few entries of one partition; behind each the search rests
for as long as the slice took, so that it has a share of the server's time and no more, and less when that is busy.
Several partitions are looked through side by side: the next slice is always of the one whose entries are the latest,
and what was found is passed on when no partition can have anything later. So how far a search has come is one entry:
all that is newer was looked at. That, and how many it were, is the cursor.

The server looks at bodies that it can read. Those that are compressed or encrypted, it hands over, and they are looked
into here. Nothing is written, no key is needed. Decision 69.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.search_cursor import SearchCursor
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.broker.administration.search_slices import SLICE_FOUND, Found, Front, Slices
from salesloft_webhooks.broker.connection.store import Store, translated

MOST_ENTRIES = 5_000_000
"""What one search looks at; its cursor goes on behind them."""
SHARE = 0.5
"""Of the server's time, while a search runs."""


class End(StrEnum):
    """Why a search goes no further by itself."""

    THROUGH = "through"
    """The whole history, or the time that was asked for, was looked through."""
    FOUND = "found"
    """It has found as many as were asked for."""
    TIME = "time"
    """Its time is over."""
    MOST = "most"
    """It has looked at as many as one search may."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a search has found, and how far it has come.

    Attributes:
        found: The latest first.
        looked: Entries looked at, with those before the cursor that it began with. With several partitions a little too
            many: behind a cursor, some are looked at once more.
        total: Entries that there were when it began.
        cursor: Where to go on; empty: there is nothing more.
        ended: Why it goes no further; None while it does.
        unreadable: How many entries since it began here may have the text, and cannot be read.
        why_unreadable: Why the last of them cannot.
    """

    found: tuple[Found, ...]
    looked: int
    total: int
    cursor: str
    ended: End | None
    unreadable: int = 0
    why_unreadable: str = ""


async def search_page(store: Store, query: Query, *, cursor: str = "", limit: int = 50, seconds: float = 0.1) -> Page:
    """Up to ``limit`` entries that are meant; looks for no longer than ``seconds``, and one slice.

    Raises:
        ValueError: this is no cursor.
        StoreError: the store cannot be asked.
    """
    until = time.monotonic() + seconds
    found: list[Found] = []
    async for page in search(store, query, cursor=cursor, limit=limit):
        found += page.found
        if page.ended or time.monotonic() >= until:
            return replace(page, found=tuple(found), ended=page.ended or End.TIME)
    raise AssertionError("a search always says why it has ended")


async def search(
    store: Store, query: Query, *, cursor: str = "", limit: int = MOST_ENTRIES, most: int = MOST_ENTRIES
) -> AsyncGenerator[Page]:
    """Search, and say after each slice what was found; the last page says why it is the last.

    Args:
        store: Where.
        query: What for.
        cursor: Go on here.
        limit: How many to find.
        most: How many entries to look at.

    Raises:
        ValueError: this is no cursor.
        StoreError: the store cannot be asked.
    """
    begun = SearchCursor.parse(cursor) if cursor else SearchCursor()
    total = await _total(store)
    if query.event_id:
        found = await _one_event(store, query)
        yield Page(found, len(found), total, "", End.THROUGH)
        return
    slices, looked, left = Slices(store, query), begun.looked, limit
    front = Front(store.partitions, query, begun.after)
    while True:
        began = time.monotonic()
        looked += await slices.look(front, most_found=min(left, SLICE_FOUND))
        took = time.monotonic() - began
        found = front.take(left)
        left -= len(found)
        ended = _end(front, left, most - (looked - begun.looked))
        passed = min(looked - front.held, total)
        going_on = "" if front.after is None else str(SearchCursor(front.after, passed))
        yield Page(found, passed, total, going_on, ended, slices.unreadable, slices.why_unreadable)
        if ended:
            return
        await asyncio.sleep(took * (1 / SHARE - 1))


def _end(front: Front, left: int, may_look: int) -> End | None:
    if front.after is None:
        return End.THROUGH
    if left <= 0:
        return End.FOUND
    return End.MOST if may_look <= 0 else None


async def _one_event(store: Store, query: Query) -> tuple[Found, ...]:
    """An id leads to its entry, however old: there is nothing to look through."""
    known = await history(store, query.event_id)
    if known is None or known.entry is None or not query.wants(known.entry, known.groups):
        return ()
    return (Found(known.entry, known.groups),)


async def _total(store: Store) -> int:
    asking: Any = store.client.pipeline(transaction=False)
    for partition in range(store.partitions):
        asking.xlen(store.keys.events(partition))
    with translated():
        return sum(await asking.execute())
