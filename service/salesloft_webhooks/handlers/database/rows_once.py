"""Rows of events that are written once and never changed.

The key comes from the event and the INSERT says ON CONFLICT DO NOTHING, so an event that is handled again (a retry
after a crash, a replay) changes nothing, whoever checks or does not check before.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.batching import Batcher, Outcomes
from salesloft_webhooks.handlers.database.transactions import Database, write_rows
from salesloft_webhooks.handlers.routes import Failures

ROWS_PER_TRANSACTION = 500
"""Concurrency is at most 500 a process, so this is never what holds a row back."""


class RowsOnce:
    """Writes rows, those of concurrent callers together.

    Args:
        database: Where.
        table: Which.
        row_of: The row of an event: columns by name.
    """

    def __init__(self, database: Database, table: Table, row_of: Callable[[Event], Mapping[str, Any]]) -> None:
        self._database = database
        self._table = table
        self._row_of = row_of
        self._keys = [each.name for each in table.primary_key.columns]
        self._insert = database.insert(table).on_conflict_do_nothing(index_elements=self._keys)
        self._rows: Batcher[Mapping[str, Any]] = Batcher(self._write, limit=ROWS_PER_TRANSACTION)

    async def check_ready(self) -> None:
        """See `Database.check_ready`."""
        await self._database.check_ready(self._table)

    async def record(self, events: Sequence[Event]) -> Failures:
        """Return when the rows of the events are committed, now or by earlier attempts; those that are not say why.

        The write is not the caller's: who gives up leaves at once, however long the connection of a server that hangs
        takes to be cleaned up, and nothing else is written until it is.
        """
        async with self._database.within_answer_time():
            outcomes = await self._rows.write_all([self._row_of(event) for event in events])
        pairs = zip(events, outcomes, strict=True)
        return {event.event_id: failure for event, failure in pairs if failure is not None}

    async def _write(self, rows: Sequence[Mapping[str, Any]]) -> Outcomes:
        return await write_rows(self._database, self._execute, rows)

    async def _execute(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        # In one order everywhere: two processes that insert the same rows crosswise would deadlock.
        await connection.execute(self._insert, sorted(rows, key=lambda row: [row[each] for each in self._keys]))
