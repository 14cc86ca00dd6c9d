"""The SQL database of the built-in handlers: SQLite in a file on one machine, PostgreSQL in production.

Several worker processes write to the same SQLite file, which takes three things: WAL, so that readers never block the
writer; a busy time-out, so that writers queue instead of failing; and ``BEGIN IMMEDIATE``, because a transaction that
starts by reading and writes later cannot wait for the lock: SQLite refuses it at once, whatever the time-out.
"""

import sqlite3
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from salesloft_webhooks.handlers.database.address import Address, read_address
from salesloft_webhooks.handlers.database.connector import COMMAND_SECONDS, Connector
from salesloft_webhooks.handlers.database.errors import drops_connection

SQLITE_BUSY_SECONDS = 20.0
"""How long a writer waits for another process's transaction: below the default time-out of an attempt."""

POOL_SIZE = 5
"""Connections per worker process. Writes are coalesced, so few are needed, and PostgreSQL has few to give."""

_WAL_RETRY_SECONDS = 0.02


def _mark_disconnect(context: ExceptionContext) -> None:
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
            time.sleep(_WAL_RETRY_SECONDS)
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
    event.listen(engine.sync_engine, "handle_error", _mark_disconnect)
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
