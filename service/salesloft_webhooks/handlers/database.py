"""The SQL database of the built-in handlers: SQLite in a file on one machine, PostgreSQL in production.

Several worker processes write to the same SQLite file, which takes three things: WAL, so that readers never block the
writer; a busy time-out, so that writers queue instead of failing; and ``BEGIN IMMEDIATE``, because a transaction that
starts by reading and writes later cannot wait for the lock: SQLite refuses it at once, whatever the time-out.
"""

import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from salesloft_webhooks.errors import ConfigurationError, HandlerSignal, PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.coalescing import Outcomes, isolate
from salesloft_webhooks.lean import withheld
from salesloft_webhooks.settings import Settings

SQLITE_BUSY_SECONDS = 20.0
"""How long a writer waits for another process's transaction: below the default time-out of an attempt."""

POOL_SIZE = 5
"""Connections per worker process. Writes are coalesced, so few are needed, and PostgreSQL has few to give."""

CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 20.0
"""A server that vanished without a word must not hold up writes whose callers have long given up."""

_PAUSE_SECONDS = 5.0
_SWITCH_AGAIN_SECONDS = 0.02
_MISSING_STATES = ("42P01", "42703")  # SQLSTATE: undefined table, undefined column
_OUTAGE_STATES = ("08", "53", "57")  # classes: connection, resources exhausted, operator intervention
_ACCESS_STATES = ("28", "3D", "42501")  # authorization, no such database, no privilege: heal when somebody mends them
_CONFLICT_STATES = ("40", "55")  # deadlock, serialization, lock not available


RowT = TypeVar("RowT")
WriteRows = Callable[[AsyncConnection, Sequence[RowT]], Awaitable[None]]
"""Executes the statements that store some rows."""


class Database:
    """One worker process's connections. Errors leave `transaction` as the signals handlers raise."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end of the block.

        Raises:
            Unavailable: the database is down, restarting, full, busy beyond reason, or not migrated yet.
            Retry: it gave this transaction up for the sake of another.
            PermanentError: the data cannot be stored: it breaks a constraint or a limit.
        """
        try:
            async with self.engine.begin() as connection:
                yield connection
        except (OSError, PoolTimeout) as exc:
            raise Unavailable(f"database: {type(exc).__name__}", after=_PAUSE_SECONDS) from exc
        except DBAPIError as exc:
            raise _signal(exc) from exc

    def insert(self, table: Table) -> Any:
        """An INSERT of this database's own dialect, which knows ON CONFLICT."""
        return (sqlite if self.engine.dialect.name == "sqlite" else postgresql).insert(table)


async def write_rows(database: Database, write: WriteRows[RowT], rows: Sequence[RowT]) -> Outcomes:
    """Write rows in one transaction; rows that spoil it fail alone.

    Raises:
        Unavailable: the database is; nothing is written.
    """

    async def write_all(some: Sequence[RowT]) -> Outcomes:
        async with database.transaction() as connection:
            await write(connection, some)
        return [None] * len(some)

    return await isolate(write_all, rows, (PermanentError, Retry))


def _signal(exc: DBAPIError) -> HandlerSignal:
    """What a database error means for the event; never with the database's own text, which quotes the row."""
    state = getattr(exc.orig, "sqlstate", None) or ""
    name = f"database: {type(exc).__name__}{f' {state}' if state else ''}"
    # SQLite has no states; its text is looked at from the beginning only, because further on it may quote data.
    if state in _MISSING_STATES or (not state and str(exc.orig).startswith(("no such table", "no such column"))):
        return Unavailable(f"{name}: the tables are missing, run `salesloft-webhooks migrate`", after=_PAUSE_SECONDS)
    if state.startswith(_CONFLICT_STATES):
        return Retry(name)
    if exc.connection_invalidated or state.startswith(_OUTAGE_STATES + _ACCESS_STATES):
        return Unavailable(name, after=_PAUSE_SECONDS)
    if isinstance(exc, OperationalError | InterfaceError) and not state:
        return Unavailable(name, after=_PAUSE_SECONDS)
    if isinstance(exc, IntegrityError) or state.startswith(("22", "23")):
        return PermanentError(name)
    return Retry(name)


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


def create_engine(url: str) -> AsyncEngine:
    """An engine for ``sqlite+aiosqlite://`` or ``postgresql+asyncpg://``. Nothing is connected yet.

    Raises:
        ConfigurationError: the address is malformed or names another driver. Its text never shows the address.
    """
    try:
        parsed = make_url(url)
        embedded = parsed.drivername == "sqlite+aiosqlite"
        if not embedded and parsed.drivername != "postgresql+asyncpg":
            raise ConfigurationError("DATABASE_URL: expected sqlite+aiosqlite:// or postgresql+asyncpg://")
        # hide_parameters: rows are personal data, and exceptions end in logs and dead letters.
        if not embedded:
            patience = {"timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS}
            return create_async_engine(
                parsed, hide_parameters=True, pool_size=POOL_SIZE, pool_pre_ping=True, connect_args=patience
            )
        engine = create_async_engine(parsed, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError) as exc:
        raise ConfigurationError("DATABASE_URL: not an SQLAlchemy address") from exc
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


async def _migrate(engine: AsyncEngine) -> None:
    with withheld("pygments"):  # Mako, which Alembic brings, would colour its error pages with it
        from salesloft_webhooks.handlers.migrations import migrate  # noqa: PLC0415 - Alembic only where it is used

    await migrate(engine)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The configured database. An SQLite file is made and migrated on the way; PostgreSQL is the operator's.

    Raises:
        ConfigurationError: `DATABASE_URL` is wrong.
    """
    engine = create_engine(settings.database_url.get_secret_value())
    try:
        if engine.dialect.name == "sqlite":
            await _migrate(engine)
        yield Database(engine)
    finally:
        await engine.dispose()
