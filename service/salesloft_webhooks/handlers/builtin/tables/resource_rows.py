"""Events about resources as rows of their tables, and how they are written."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from salesloft_webhooks import resource_kinds
from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.events import Event, first_number
from salesloft_webhooks.handlers.batching import Batcher, Outcomes
from salesloft_webhooks.handlers.database.resource_tables import (
    OTHERS,
    RESOURCE_TABLES,
    ResourceField,
    ResourceTable,
)
from salesloft_webhooks.handlers.database.resource_versions import is_unreadable, version_of
from salesloft_webhooks.handlers.database.transactions import Database, write_rows
from salesloft_webhooks.handlers.database.versioned_rows import save_newest, states
from salesloft_webhooks.handlers.routes import Failures
from salesloft_webhooks.resources.reading import Resource
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

ROWS_PER_TRANSACTION = 500
"""Concurrency is at most 500 a process, so this is never what holds a row back."""

_BIGGEST = 2**63 - 1
_DELETED = ".deleted"
_CREATED = "created_at"
"""SalesLoft states it of whole resources."""

Row = tuple[str, dict[str, Any]]
"""The kind of resource, and the parameters of its statement."""


def row_of(event: Event) -> Row:
    """The row of an event.

    Raises:
        PermanentError: the resource has no id, or is of a kind that has no table.
    """
    kind = resource_kinds.kind_of(event.event_type)
    found = RESOURCE_TABLES.get(kind)
    if found is None or event.resource_id is None:
        raise PermanentError(f"{event.event_type} {'without an id' if found else 'has no table'}")
    if is_unreadable(event):
        _log.warning("tables.unreadable_version", event_type=event.event_type, resource_id=event.resource_id)
    version = version_of(event)
    row = {
        "id": event.resource_id,
        "updated_at": version,
        "deleted_at": version if event.event_type.endswith(_DELETED) else None,
    }
    stated = dict(_stated(found, event))
    return kind, row | {name: stated.get(name) for name in found.columns} | {
        states(name): name in stated for name in found.columns
    }


def _stated(found: ResourceTable, event: Event) -> Mapping[str, Any]:
    """What the event says something about, by column. What fits into no column is null there, and among the others."""
    data, resource = event.data, event.resource
    values: dict[str, Any] = {}
    others = dict(resource.others)
    for each in found.fields:
        written = [name for name in (each.written, each.column) if name in data]
        if not written:
            continue
        values[each.column] = value = _value(each, data, resource)
        others = {name: kept for name, kept in others.items() if name not in written}
        if value is None:
            others |= {name: data[name] for name in written if not _is_nothing(data[name])}
    if found.has_person and _says_who(event):
        values["person_id"] = event.person_id
        others.pop("person", None)
        if event.person_id is None and not _is_nothing(data.get("person")):
            others["person"] = data["person"]
    others.pop("person_id", None)  # every event's data has it, and it is no field of SalesLoft's
    return values | ({OTHERS: others or None} if others or _is_whole(data, values) else {})


def _is_nothing(value: object) -> bool:
    """Null, or a reference to nobody."""
    return value is None or (isinstance(value, Mapping) and "id" in value and not any(value.values()))


def _is_whole(data: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether all of a resource is there, and not an id with a few fields: what it does not have is gone then."""
    said = {name for name, value in values.items() if value is not None}
    return data.get(_CREATED) is not None and bool(said - {_CREATED, "person_id"})


def _says_who(event: Event) -> bool:
    """Whether the event lets it be known whom it is about, or that it is about nobody."""
    data = event.data
    return event.person_id is not None or "person" in data or {"associated_type", "associated_with"} <= data.keys()


def _value(field: ResourceField, data: resource_kinds.Resource, resource: Resource) -> Any:
    if field.is_reference:  # also as relays write it: a plain number, or flat
        return first_number(resource_kinds.ids(data, field.written))
    value = getattr(resource, field.name)
    return data[field.written] if field.is_json and value is not None else _storable(value)


def _storable(value: Any) -> Any:
    """Null for a number or a time that no database has room for."""
    if isinstance(value, int) and abs(value) > _BIGGEST:
        return None
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC)
        except OverflowError:
            return None
    return value


class ResourceRows:
    """Writes rows, those of concurrent callers together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._save = {kind: save_newest(database, each.table, each.columns) for kind, each in RESOURCE_TABLES.items()}
        self._rows: Batcher[Row] = Batcher(self._write, limit=ROWS_PER_TRANSACTION)

    async def check_ready(self) -> None:
        """See `Database.check_ready`."""
        for each in RESOURCE_TABLES.values():
            await self._database.check_ready(each.table)

    async def save(self, events: Sequence[Event]) -> Failures:
        """Return when the rows have the events' versions, or newer ones; those that have not say why.

        The write is not the caller's; see `ActivityLog.record`.
        """
        failures: dict[str, BaseException] = {}
        rows: list[tuple[str, Row]] = []  # two sources may have events of one id
        for event in events:
            try:
                rows.append((event.event_id, row_of(event)))
            except PermanentError as exc:
                failures[event.event_id] = exc
        if not rows:
            return failures
        async with self._database.within_answer_time():
            outcomes = await self._rows.write_all([row for _, row in rows])
        return failures | {own: each for (own, _), each in zip(rows, outcomes, strict=True) if each is not None}

    async def _write(self, rows: Sequence[Row]) -> Outcomes:
        return await write_rows(self._database, self._execute, rows)

    async def _execute(self, connection: AsyncConnection, rows: Sequence[Row]) -> None:
        # In one order everywhere: two processes that lock the same rows crosswise would deadlock.
        for kind, statement in self._save.items():
            if some := [row for each, row in rows if each == kind]:
                await connection.execute(statement, sorted(some, key=lambda row: row["id"]))
