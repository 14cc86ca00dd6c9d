"""Versions of a task, and the rows that they become."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from salesloft_webhooks import Event
from salesloft_webhooks.handlers.builtin.tables.resource_rows import ResourceRows
from salesloft_webhooks.handlers.database.resource_tables import RESOURCE_TABLES
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support import samples

RECEIVED = datetime(2026, 3, 7, 10, tzinfo=UTC)
TASK: Mapping[str, Any] = {
    "id": 31,
    "person_id": 7,
    "created_at": "2026-03-07T03:00:00.000001-05:00",
    "subject": "Call",
    "due_date": "2026-03-09",
    "current_state": "scheduled",
    "person": {"_href": "x", "id": 7},
    "user": {"_href": "x", "id": 51550},
    "completed_by": None,
    "expires_after": "a field nobody has published",
}


def at(minute: int, event_type: str = "task.updated", **data: Any) -> Event:
    """A version of a certain minute, named after it."""
    stated = {"updated_at": f"2026-03-07T04:{minute:02}:00.000000-05:00", "subject": f"version {minute}"}
    return samples.event(event_type, {**TASK, **stated, **data}, received_at=RECEIVED)


async def rows(database: Database, kind: str = "task") -> list[dict[str, Any]]:
    """The rows of a table, by id, without what is null."""
    table = RESOURCE_TABLES[kind].table
    async with database.transaction() as connection:
        found = (await connection.execute(select(table).order_by(table.c.id))).mappings().all()
    return [{name: value for name, value in row.items() if value is not None} for row in found]


async def save(database: Database, *events: Event) -> None:
    """Save them in one batch; raise what the group would say of the first that fails."""
    for failure in (await ResourceRows(database).save(events)).values():
        raise failure
