"""The `events` group: every event, whole, one row in the table `salesloft_events`.

It is a batch handler: the rows of what a worker has taken at once share a transaction.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin_groups import EVENTS
from salesloft_webhooks.handlers.database.rows_once import ROWS_PER_TRANSACTION, RowsOnce
from salesloft_webhooks.handlers.database.schema import events as table
from salesloft_webhooks.handlers.database.storable_values import clean_json
from salesloft_webhooks.handlers.database.transactions import Database, open_database
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.handlers.routes import Failures
from salesloft_webhooks.resource_kinds import VERSION
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.timestamps import parse_timestamp


def row_of(event: Event) -> dict[str, Any]:
    """The row of an event: columns by name."""
    data = clean_json(event.data)
    return {
        "event_id": event.event_id,
        "source": event.source,
        "event_type": event.event_type,
        "received_at": event.received_at.astimezone(UTC),
        "created_at": parse_timestamp(event.created_at),
        "updated_at": parse_timestamp(event.data.get(VERSION)),
        "person_id": event.person_id,
        "user_id": event.user_id,
        "account_id": event.account_id,
        "resource_id": event.resource_id,
        "data": data,
        "original": None if data == event.data else event.raw_data.decode(),
    }


class EventRows(RowsOnce):
    """Writes events' rows."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, table, row_of)


@asynccontextmanager
async def _lifespan(settings: Settings) -> AsyncIterator[EventRows]:
    async with open_database(settings) as database:
        yield EventRows(database)


def build_router(group: str, settings: Settings) -> Router[EventRows]:  # noqa: ARG001 - every built-in group's form
    """The built-in handlers of the group."""
    router = Router(_lifespan, ordering=EVENTS.ordering)

    @router.on_batch(*EVENTS.event_types, max_size=ROWS_PER_TRANSACTION)
    async def keep(events: Sequence[Event], rows: EventRows) -> Failures:
        """Write the events' rows."""
        return await rows.record(events)

    return router
