"""What is searched for, and how the store is asked for it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from salesloft_webhooks.broker.administration.history import EventInGroup, EventState
from salesloft_webhooks.broker.administration.stored_records import Entry
from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.broker.entry_head import TYPES, packed_key, packed_source
from salesloft_webhooks.event_patterns import matches

KINDS_OF_DONE = frozenset({EventState.DONE, EventState.FILTERED, EventState.DEBOUNCED})
OUTCOMES = frozenset({*KINDS_OF_DONE, EventState.DEAD, EventState.DISCARDED})
"""The states that stand in an event's record; in every other one the group has not finished it."""
HTML_ESCAPES = str.maketrans({"&": "\\u0026", "<": "\\u003c", ">": "\\u003e"})
"""What some writers of JSON make of characters that HTML has a use for."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which entries of the history are meant. Empty fields choose all.

    Attributes:
        event_id: Of this event, whenever it was stored.
        person: Of the person with this id, digits only.
        types: Event patterns.
        source: From this source.
        group: About the state in this group; without a `state` it says nothing.
        state: In this state in `group`, or in at least one group.
        contains: A text that stands in some value of the data; A and a are the same, other letters are not. It may be
            personal data, so it is never shown.
        since: Stored at this time or later.
        until: Stored at this time or earlier.
    """

    event_id: str = ""
    person: str = ""
    types: tuple[str, ...] = ()
    source: str = ""
    group: str = ""
    state: EventState | None = None
    contains: str = field(default="", repr=False)
    since: datetime | None = None
    until: datetime | None = None

    @property
    def entity_key(self) -> str:
        """What the person's events are ordered by; empty: anybody's."""
        return f"person:{self.person}" if self.person else ""

    def wants(self, entry: Entry, groups: tuple[EventInGroup, ...]) -> bool:
        """Whether an entry is meant that stands so in its groups (its time apart, by which the stream is read)."""
        return (
            self.entity_key in {"", entry.entity_key}
            and (not self.types or matches(entry.event_type, self.types))
            and self.source in {"", entry.source}
            and self.wants_state(groups)
            and (not self.contains or has_text(entry.data, self.contains))
        )

    def wants_state(self, groups: tuple[EventInGroup, ...]) -> bool:
        """Whether an event is meant that stands so in its groups."""
        about = (row for row in groups if self.group in {"", row.group})
        states = KINDS_OF_DONE if self.state is EventState.DONE else {self.state}
        return self.state is None or any(row.state in states for row in about)

    def arguments(self) -> list[Argument]:
        """What ``search.lua`` is told of it: all arguments from the entity key on."""
        places = (place for place, name in enumerate(TYPES) if self.types and matches(name, self.types))
        outcome = "" if self.state is None else str(self.state) if self.state in OUTCOMES else "open"
        if self.state in KINDS_OF_DONE:
            outcome = str(EventState.DONE)
        return [
            self.entity_key,
            packed_key(self.entity_key),
            self.source,
            packed_source(self.source),
            ",".join(self.types),
            bytes(places),
            outcome,
            self.group,
            *sorted(texts_in_json(self.contains)),
        ]


def texts_in_json(text: str) -> set[bytes]:
    """Every way in which writers of JSON write a text within a string, in lower case."""
    plain = {json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]} if text else set()
    escaped = {each.translate(HTML_ESCAPES) for each in plain}
    slashed = {each.replace("/", "\\/") for each in plain | escaped}
    return {each.encode(errors="surrogatepass").lower() for each in plain | escaped | slashed}


def has_text(data: bytes, text: str) -> bool:
    """Whether a text stands in some value of JSON; names of fields do not count. What is no JSON has none."""
    wanted = _lower(text)
    try:
        return any(wanted in _lower(value) for value in _values(msgspec.json.decode(data)))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False


def _lower(text: str) -> bytes:
    """Only A to Z become small ones, as on the server."""
    return text.encode(errors="surrogatepass").lower()


def _values(document: Any) -> Iterator[str]:
    """The values of a document that are no containers, as text."""
    if isinstance(document, Mapping):
        for value in document.values():
            yield from _values(value)
    elif isinstance(document, list):
        for value in document:
            yield from _values(value)
    elif isinstance(document, str):
        yield document
    elif not isinstance(document, bool) and document is not None:
        yield str(document)
