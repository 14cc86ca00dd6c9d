"""The `activity` group: what reps and prospects did, one row per event in the table `activities`.

It is a batch handler: the rows of what a worker has taken at once share a transaction.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin_groups import ACTIVITY
from salesloft_webhooks.handlers.database.rows_once import ROWS_PER_TRANSACTION, RowsOnce
from salesloft_webhooks.handlers.database.schema import activities
from salesloft_webhooks.handlers.database.transactions import Database, open_database
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.handlers.routes import Failures
from salesloft_webhooks.settings import Settings

_EMAIL_DETAILS = ("status", "subject", "sent_at", "count", "counts", "cadence", "step", "email_template", "task")
_DETAILS: Mapping[str, Sequence[str]] = {
    "email": _EMAIL_DETAILS,
    "call": ("duration", "disposition", "sentiment", "connected", "positive", "cadence", "step", "task"),
    "cadence_membership": ("current_state", "currently_on_cadence", "added_at", "cadence", "step", "counts"),
    "success": ("succeeded_at", "success_window_started_at", "latest_cadence", "latest_step", "counts"),
    "meeting": ("title", "status", "start_time", "end_time", "meeting_type", "no_show", "cadence", "step"),
}
"""Fields kept per resource. Bodies, addresses and telephone numbers are left out: a log of deeds needs none."""


def row_of(event: Event) -> dict[str, Any]:
    """The row of an event: columns by name."""
    resource = event.event_type.partition(".")[0]
    data = event.data
    return {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "person_id": event.person_id,
        "user_id": event.user_id,
        "resource_id": event.resource_id,
        "occurred_at": event.happened_at,
        "received_at": event.received_at.astimezone(UTC),
        "details": {name: _short(data[name]) for name in _DETAILS.get(resource, ()) if data.get(name) is not None},
    }


def _short(value: Any) -> Any:
    """A reference as its id; anything else as it is."""
    return value["id"] if isinstance(value, Mapping) and "_href" in value and "id" in value else value


class ActivityLog(RowsOnce):
    """Writes activities' rows."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, activities, row_of)


@asynccontextmanager
async def _lifespan(settings: Settings) -> AsyncIterator[ActivityLog]:
    async with open_database(settings) as database:
        yield ActivityLog(database)


def build_router(group: str, settings: Settings) -> Router[ActivityLog]:  # noqa: ARG001 - every built-in group's form
    """The built-in handlers of the group."""
    router = Router(_lifespan, ordering=ACTIVITY.ordering)

    @router.on_batch(*ACTIVITY.event_types, max_size=ROWS_PER_TRANSACTION)
    async def record(events: Sequence[Event], log: ActivityLog) -> Failures:
        """Write the events' rows."""
        return await log.record(events)

    return router
