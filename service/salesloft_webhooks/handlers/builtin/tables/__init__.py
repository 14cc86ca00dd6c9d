"""The `tables` group: accounts, cadences, notes and tasks, a table each, every row in its newest version.

It is a batch handler: the rows of what a worker has taken at once share a transaction. The group needs no order,
because the statement decides which version wins.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.tables.resource_rows import ROWS_PER_TRANSACTION, ResourceRows
from salesloft_webhooks.handlers.builtin_groups import TABLES
from salesloft_webhooks.handlers.database.transactions import open_database
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.handlers.routes import Failures
from salesloft_webhooks.settings import Settings


@asynccontextmanager
async def _lifespan(settings: Settings) -> AsyncIterator[ResourceRows]:
    async with open_database(settings) as database:
        yield ResourceRows(database)


def build_router(group: str, settings: Settings) -> Router[ResourceRows]:  # noqa: ARG001 - every built-in group's form
    """The built-in handlers of the group."""
    router = Router(_lifespan, ordering=TABLES.ordering)

    @router.on_batch(*TABLES.event_types, max_size=ROWS_PER_TRANSACTION)
    async def save(events: Sequence[Event], rows: ResourceRows) -> Failures:
        """Bring the rows to the events' versions."""
        return await rows.save(events)

    return router
