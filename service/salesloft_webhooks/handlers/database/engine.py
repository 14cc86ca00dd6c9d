"""The SQL database of the built-in handlers: SQLite in a file on one machine, PostgreSQL in production.

Several worker processes write to the same SQLite file, which takes three things: WAL, so that readers never block the
writer; a busy time-out, so that writers queue instead of failing; and ``BEGIN IMMEDIATE``, because a transaction that
starts by reading and writes later cannot wait for the lock: SQLite refuses it at once, whatever the time-out.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Table, cast, event, false, null, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from salesloft_webhooks.errors import PermanentError, Unavailable
from salesloft_webhooks.handlers.batching import Outcomes, isolate
from salesloft_webhooks.handlers.database.address import Address, read_address
from salesloft_webhooks.handlers.database.connector import COMMAND_SECONDS, Connector
from salesloft_webhooks.handlers.database.errors import Conflict, NotMigrated, drops_connection, signal_of, unreachable
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.startup_imports import modules_hidden
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

SQLITE_BUSY_SECONDS = 20.0
"""How long a writer waits for another process's transaction: below the default time-out of an attempt."""

POOL_SIZE = 5
"""Connections per worker process. Writes are coalesced, so few are needed, and PostgreSQL has few to give."""

ANSWER_SECONDS = 25.0
"""How long a handler waits for its row at most; less where its time-out is shorter."""

_SWITCH_AGAIN_SECONDS = 0.02
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
    async def answering(self) -> AsyncIterator[None]:
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
                    await _drop(connection)
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

    return await isolate(write_all, rows, (PermanentError,))


async def _drop(connection: AsyncConnection) -> None:
    # Most errors have done so themselves (`_judge`); those that are none of the driver's, such as time-outs, have not.
    with suppress(Exception):
        if not connection.invalidated:
            await connection.invalidate()


def _judge(context: ExceptionContext) -> None:
    # SQLAlchemy then closes the connection and opens all others anew when they are next used.
    if drops_connection(context.original_exception):
        context.is_disconnect = True


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver's own transactions are deferred ones; see the module's description.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(SQLITE_BUSY_SECONDS * 1000)}")
    _switch_to_wal(cursor)
    # In WAL mode NORMAL may lose the last commits in a power cut, and a handled event is not handled again.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _switch_to_wal(cursor: Any) -> None:
    # Processes that switch a new file at the same time refuse each other at once, whatever the time-out: each would
    # wait for the other. A file that is switched already is only looked at.
    deadline = time.monotonic() + SQLITE_BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_SWITCH_AGAIN_SECONDS)
        else:
            return


def create_engine(url: str, *, command_seconds: float | None = COMMAND_SECONDS) -> AsyncEngine:
    """An engine for an address of PostgreSQL or of an SQLite file; see `read_address`. Nothing is connected yet.

    Args:
        url: See there.
        command_seconds: How long a statement may take, unless the address says otherwise; None: for ever.

    Raises:
        ConfigurationError: the address cannot be read, or asks for what nobody can do. Its text never shows it.
    """
    address = read_address(url)
    if address.hosts:
        engine = _postgresql_engine(address, command_seconds)
    else:
        # hide_parameters: rows are personal data, and exceptions end in logs and dead letters.
        engine = create_async_engine(address.url, hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    event.listen(engine.sync_engine, "handle_error", _judge)
    return engine


def _postgresql_engine(address: Address, command_seconds: float | None) -> AsyncEngine:
    cached = address.numbers.get("prepared_statement_cache_size", 0)
    arguments: dict[str, Any] = {
        "async_creator_fn": Connector(address, command_seconds),
        "prepared_statement_cache_size": cached,
    }
    if not cached:
        # Statements without a name: behind PgBouncer another client may have used whatever name there is.
        arguments["prepared_statement_name_func"] = lambda: ""
    return create_async_engine(
        address.url, hide_parameters=True, pool_size=POOL_SIZE, pool_pre_ping=True, connect_args=arguments
    )


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
