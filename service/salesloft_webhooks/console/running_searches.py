"""Searches that people have under way in this console: few at once, and texts that stand in no address.

A search goes on as long as its page asks for more, a second's worth at a time (`pages.events`). Whoever begins
another one ends the one before; whoever leaves the page asks no more, and their place is free after `LEFT_SECONDS`.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.search import MOST_ENTRIES, Page, search_page
from salesloft_webhooks.broker.administration.search_query import Query

AT_ONCE = 3
"""Of one process."""
LEFT_SECONDS = 10.0
TEXT_SECONDS, TEXTS = 900.0, 200
"""How long a text is known here, and how many."""


class Turn(StrEnum):
    """Whether a search may go on."""

    GO = "go"
    """It may."""
    WAIT = "wait"
    """As many as may be are under way: ask again in a moment."""
    OVER = "over"
    """Whoever began it has begun another one since."""
    MOST = "most"
    """It has looked at as many entries as one search may."""


@dataclass(slots=True)
class _Search:
    search_id: str
    asked: float
    looked: int = 0


@dataclass(frozen=True, slots=True)
class _Text:
    person: str
    text: str
    until: float


class Searches:
    """All of them.

    Args:
        store: Where.
        clock: Seconds that only grow.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._passes = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, _Search] = {}
        self._texts: OrderedDict[str, _Text] = OrderedDict()

    async def look(self, query: Query, *, cursor: str, limit: int, seconds: float) -> Page:
        """See `search_page`; no more than `AT_ONCE` are looking.

        Raises:
            ValueError: this is no cursor.
            StoreError: the store cannot be asked.
        """
        async with self._passes:
            return await search_page(self._store, query, cursor=cursor, limit=limit, seconds=seconds)

    def begin(self, person: str) -> str:
        """A search of this person goes on; the one before does not. Its id."""
        self._under_way.pop(person, None)
        search_id = secrets.token_urlsafe(9)
        if self._has_room():
            self._under_way[person] = _Search(search_id, self._clock())
        return search_id

    def turn(self, person: str, search_id: str) -> Turn:
        """Whether it may go on now."""
        known = self._under_way.get(person)
        if known is not None and known.search_id != search_id:
            return Turn.OVER
        if known is None and not self._has_room():
            return Turn.WAIT
        known = self._under_way.setdefault(person, _Search(search_id, self._clock()))
        known.asked = self._clock()
        return Turn.GO if known.looked < MOST_ENTRIES else Turn.MOST

    def looked(self, person: str, search_id: str, entries: int) -> None:
        """It has looked at so many more."""
        known = self._under_way.get(person)
        if known is not None and known.search_id == search_id:
            known.looked += entries

    def end(self, person: str, search_id: str) -> None:
        """It goes no further."""
        known = self._under_way.get(person)
        if known is not None and known.search_id == search_id:
            del self._under_way[person]

    def keep_text(self, person: str, text: str) -> str:
        """Remember a text for the person who looks for it; the id by which their pages name it."""
        text_id = secrets.token_urlsafe(12)
        self._texts[text_id] = _Text(person, text, self._clock() + TEXT_SECONDS)
        while len(self._texts) > TEXTS:
            self._texts.popitem(last=False)
        return text_id

    def text(self, person: str, text_id: str) -> str:
        """The text; empty when it is not known (any more), or is another person's."""
        known = self._texts.get(text_id)
        return known.text if known and known.person == person and known.until > self._clock() else ""

    def _has_room(self) -> bool:
        left = self._clock() - LEFT_SECONDS
        for person in [person for person, search in self._under_way.items() if search.asked < left]:
            del self._under_way[person]
        return len(self._under_way) < AT_ONCE
