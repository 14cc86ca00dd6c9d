"""Events that were stored or written down once, as a handler would get them: for `trial` and `notify preview`."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.errors import ConfigurationError

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.stored_records import StoredEvent
    from salesloft_webhooks.events import Event
    from salesloft_webhooks.settings import Settings


def stored_event(event_id: str, group: str) -> "Event":
    """The event with this id, from the store's history; ends the command when it is not there."""
    from salesloft_webhooks.cli.found_events import found_event

    entry = found_event(event_id).entry
    if entry is None:
        fail(f"{event_id} has left the history; its dead letter may be there: trial --dead {event_id}")
    return _as_event(entry, group)


def dead_letter(letter: str, group: str) -> "Event":
    """The event of a dead letter, by its handle or its event id; ``group`` empty: of the group that gave up on it."""
    from salesloft_webhooks.broker.administration.dead_letters import find
    from salesloft_webhooks.cli.nearest_names import near_letters
    from salesloft_webhooks.cli.store_access import with_store

    async def look(store: "Store", _: "Settings") -> "Event":
        if not (found := await find(store, letter)):
            fail(f"no such dead letter: {letter}{await near_letters(store, letter)}")
        return _as_event(found[0], group or found[0].group)

    return with_store(look)


def written_events(file: str, group: str) -> "list[Event]":
    """Events from a file, ``-`` for standard input.

    As `send --file` takes them, or what `events show --data --json` and `dead show --json` print.

    Raises:
        ConfigurationError: there is no such file, or something else is in it.
    """
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as exc:
        raise ConfigurationError(f"--file: {exc.strerror or exc}") from exc
    try:
        documents = [msgspec.json.decode(text)]
    except msgspec.DecodeError:
        documents = [_decoded(line, number) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    found = [event_from(each, group) for document in documents for each in _unwrapped(document)]
    if not found:
        raise ConfigurationError("--file: no event in it")
    return found


def _decoded(line: bytes, number: int) -> Any:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError as exc:
        raise ConfigurationError(f"--file, line {number}: {exc}") from exc


def _unwrapped(document: Any) -> list[Any]:
    """The events in what a command has printed, or in a list."""
    if isinstance(document, dict):
        for name in ("dead", "entry", "events"):
            if name in document and "event_type" not in document:
                return _unwrapped(document[name])
    return document if isinstance(document, list) else [document]


def event_from(document: Any, group: str) -> "Event":
    """The event that a JSON object with ``event_type`` and ``data`` describes; what else it lacks is plausible.

    Raises:
        ConfigurationError: it is no such object.
    """
    if not isinstance(document, dict) or not isinstance(document.get("event_type"), str):
        raise ConfigurationError("--file: an event is a JSON object with event_type and data")
    if not isinstance(document.get("data"), dict):
        raise ConfigurationError(f"--file: {document['event_type']} without data (`events show --data` prints it)")
    from salesloft_webhooks.dialects import uniform_resource as resource
    from salesloft_webhooks.dialects.names import canonical
    from salesloft_webhooks.events import Event
    from salesloft_webhooks.resource_kinds import kind_of
    from salesloft_webhooks.timestamps import parse_timestamp

    event_type, now = canonical(document["event_type"]), datetime.now(UTC)
    kind, event_id = kind_of(event_type), str(document.get("event_id") or f"{event_type}/trial")
    data = {"person_id": resource.person_id(kind, document["data"]), **document["data"]}
    return Event(
        event_id=event_id,
        event_type=event_type,
        created_at=str(document.get("created_at") or now.isoformat()),
        source=str(document.get("source") or "trial"),
        received_at=parse_timestamp(document.get("received_at")) or now,
        raw_data=msgspec.json.encode(data),
        entity_key=str(document.get("entity_key") or resource.entity_key(kind, data, event_id)),
        group=group or str(document.get("group") or ""),
    )


def _as_event(stored: "StoredEvent", group: str) -> "Event":
    if stored.unreadable:
        fail(f"{stored.event_id}: its data cannot be read: {stored.unreadable}")
    return stored.as_event(group)
