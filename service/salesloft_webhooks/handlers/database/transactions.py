"""Transactions of the handlers: in time, repeated after a conflict, with errors as the signals handlers raise."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Table, cast, false, null, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from salesloft_webhooks.errors import PermanentError, Unavailable
from salesloft_webhooks.handlers.batching import Outcomes, write_bisecting
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.errors import Conflict, NotMigrated, signal_of, unreachable
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.startup_imports import modules_hidden
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

ANSWER_SECONDS = 25.0
"""How long a handler waits for its row at most; less where its time-out is shorter."""

_CONFLICTS = 3
_CONFLICT_SECONDS = 0.1

RowT = TypeVar("RowT")
WriteRows = Callable[[AsyncConnection, Sequence[RowT]], Awaitable[None]]
"""Executes the statements that store some rows."""


class Database:
    """One worker process's connections. Errors leave `transaction` as the signals handlers raise.

    Args:
        engine: Makes the connections.
        answer_seconds: How long a handler waits for its write. Below an attempt's time-out, which would count against
            the event although it is the server that hangs.
    """

    def __init__(self, engine: AsyncEngine, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.engine = engine
        self._answer_seconds = answer_seconds

    @asynccontextmanager
    async def within_answer_time(self) -> AsyncIterator[None]:
        """Around a write as its handler sees it, with the time it waits for those before it.

        Raises:
            Unavailable: it took too long.
        """
        try:
            async with asyncio.timeout(self._answer_seconds):
                yield
        except TimeoutError as exc:
            raise unreachable(exc) from exc

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end of the block.

        Raises:
            Conflict: it was given up for the sake of another.
            Unavailable: the database is down, restarting, read-only, full, busy beyond reason, or not migrated yet; the
                connections are dropped.
            PermanentError: the data cannot be stored: it breaks a constraint or a limit.
        """
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self.engine.connect())
            except Exception as exc:
                raise unreachable(exc) from exc
            try:
                async with connection.begin():
                    yield connection
            except Exception as exc:
                signal = signal_of(exc)
                if isinstance(signal, Unavailable) and not isinstance(signal, Conflict):
                    await _invalidate(connection)
                if signal is None or signal is exc:
                    raise
                raise signal from exc

    async def check_ready(self, table: Table) -> None:
        """Return when rows can be stored in ``table``, by storing none, or could be if it were there.

        An SQLite file is made and migrated on the way; PostgreSQL's schema is the operator's. That it is missing keeps
        nobody unready: ``helm install --wait`` migrates only once the pods are ready. Events find out, and pause.

        Raises:
            Unavailable: they cannot; the message says why not.
        """
        if self.engine.dialect.name == "sqlite":
            try:
                await _migrate(self.engine)
            except Unavailable:
                raise
            except Exception as exc:
                raise unreachable(exc) from exc
        columns = [column for column in table.columns if column.computed is None]
        nothing = select(*(cast(null(), column.type) for column in columns)).where(false())
        try:
            async with self.transaction() as connection:
                await connection.execute(self.insert(table).from_select(columns, nothing))
        except NotMigrated as exc:
            _log.warning("database.not_migrated", reason=str(exc))

    def insert(self, table: Table) -> Any:
        """An INSERT of this database's own dialect, which knows ON CONFLICT."""
        return (sqlite if self.engine.dialect.name == "sqlite" else postgresql).insert(table)


async def write_rows(database: Database, write: WriteRows[RowT], rows: Sequence[RowT]) -> Outcomes:
    """Write rows in one transaction; rows that spoil it fail alone.

    Raises:
        Unavailable: the database is; nothing is written.
    """

    async def write_all(some: Sequence[RowT]) -> Outcomes:
        for attempt in range(_CONFLICTS + 1):
            try:
                async with database.transaction() as connection:
                    await write(connection, some)
                break
            except Conflict:
                if attempt == _CONFLICTS:
                    raise
                await asyncio.sleep(random.uniform(0, _CONFLICT_SECONDS * 2**attempt))  # noqa: S311 - not a key
        return [None] * len(some)

    return await write_bisecting(write_all, rows, (PermanentError,))


async def _invalidate(connection: AsyncConnection) -> None:
    # Most errors have done so themselves (see `engine`); those that are none of the driver's (time-outs) have not.
    with suppress(Exception):
        if not connection.invalidated:
            await connection.invalidate()


async def _migrate(engine: AsyncEngine) -> None:
    with modules_hidden("pygments"):  # Mako, which Alembic brings, would colour its error pages with it
        from salesloft_webhooks.handlers.database.migrations import migrate  # noqa: PLC0415 - Alembic only where it is used

    await migrate(engine)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The configured database. Nothing is connected yet; see `Database.check_ready`.

    Raises:
        ConfigurationError: `DATABASE_URL` is wrong.
    """
    engine = create_engine(settings.database_url.get_secret_value())
    try:
        yield Database(engine, answer_seconds=min(ANSWER_SECONDS, 0.8 * settings.handler_timeout_seconds))
    finally:
        await engine.dispose()
