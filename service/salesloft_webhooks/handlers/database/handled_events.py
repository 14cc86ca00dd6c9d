"""Exactly once in a database of one's own: the mark of an event is committed with the rows that its handler writes.

An event is handed over at least once. What a handler writes is there exactly once if its rows and a mark of the event
are one transaction, and if it writes nothing where the mark is there already::

    =====================================  =========================================================================
    the worker dies                        what the next attempt finds
    =====================================  =========================================================================
    before the commit                      neither rows nor mark: it writes both
    after it, before the event is settled  both: `first_time` says no, and the handler returns
    =====================================  =========================================================================

Two attempts at once (the first one's lease lapsed while it was stalled): the second waits at the mark for the first's
transaction. It is then told no, or goes on in its place if that was rolled back. At PostgreSQL's stricter isolation
levels it is refused instead (40001), and the attempt after that is told no.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, Protocol, runtime_checkable

from sqlalchemy import CHAR, Column, Connection, DateTime, Index, MetaData, String, Table, Text, func, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.database.storable_values import clean_text, shorten_key

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_PLACEHOLDER = re.compile(r":([a-z_]+)")
_IDLE = 0
"""A connection of psycopg's without a transaction (libpq's PQTRANS_IDLE)."""
_LONGEST_ID = 512
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]
_AGED = {
    "postgresql": "handled_at < now() - make_interval(secs => {seconds})",
    "sqlite": "handled_at < datetime('now', '-' || {seconds} || ' seconds')",
}


class _Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...


class _Information(Protocol):
    @property
    def transaction_status(self) -> int: ...


class _Psycopg(Protocol):
    """What both connections of psycopg have in common, as far as it is needed."""

    @property
    def autocommit(self) -> bool: ...

    @property
    def info(self) -> _Information: ...


@runtime_checkable
class PsycopgConnection(_Psycopg, Protocol):
    """`psycopg.Connection`, which need not be installed."""

    def execute(self, query: Any, params: Any = None, /) -> _Cursor:
        """Run one statement."""
        ...


@runtime_checkable
class AsyncPsycopgConnection(_Psycopg, Protocol):
    """`psycopg.AsyncConnection`, which need not be installed."""

    async def execute(self, query: Any, params: Any = None, /) -> _Cursor:
        """Run one statement."""
        ...


class HandledEvents:
    """The marks of events whose rows are committed, in a table beside those rows: PostgreSQL or SQLite.

    Args:
        table: Its name.
        schema: Where it stands; None: wherever the connection looks first.

    Raises:
        ConfigurationError: one of them is no plain name.
    """

    def __init__(self, table: str = "salesloft_handled_events", schema: str | None = None) -> None:
        if not all(_NAME.fullmatch(each) for each in (table, table if schema is None else schema)):
            raise ConfigurationError("HandledEvents takes names of letters, digits and _ for its table and schema")
        self.table = Table(
            table,
            MetaData(),
            Column("mark", CHAR(64), primary_key=True),
            Column("consumer_group", Text, nullable=False),
            Column("event_id", String(_LONGEST_ID), nullable=False),
            Column("part", Text, nullable=False),
            Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.current_timestamp()),
            Index(f"ix_{table}_handled_at", "handled_at"),
            Index(f"ix_{table}_event_id", "event_id"),
            schema=schema,
        )
        """For Alembic: ``handled.table.to_metadata(Base.metadata)``."""
        self._quoted: str = _POSTGRESQL.identifier_preparer.format_table(self.table)  # SQLite quotes alike
        self._checked = False

    @property
    def definition(self) -> tuple[str, ...]:
        """The statements that make the table and its indexes where they are not there, for both databases."""
        made: list[ExecutableDDLElement] = [CreateTable(self.table, if_not_exists=True)]
        indexes = sorted(self.table.indexes, key=lambda each: str(each.name))
        made += [CreateIndex(each, if_not_exists=True) for each in indexes]
        return tuple(str(each.compile(dialect=_POSTGRESQL)).strip() for each in made)

    async def first_time(
        self, connection: AsyncSession | AsyncConnection | AsyncPsycopgConnection, event: Event, *, part: str = ""
    ) -> bool:
        """Mark an event in the transaction under way, and say whether nobody had done so.

        Args:
            connection: In a transaction, with the rows of which the mark is committed or is not.
            event: The one that is handled.
            part: Which of several handlers of the group that share the event's attempts; each has a mark of its own.

        Returns:
            False: the rows are there already. Return without writing any.

        Raises:
            ConfigurationError: the connection commits each statement by itself, or is to no database that is known.
        """
        if isinstance(connection, AsyncSession | AsyncConnection):
            return await connection.run_sync(self._marked, event, part)
        _in_transaction(connection)
        statement = _for_psycopg(self._insert)
        return (await connection.execute(statement, _mark(event, part))).rowcount == 1

    def first_time_sync(
        self, connection: Session | Connection | PsycopgConnection, event: Event, *, part: str = ""
    ) -> bool:
        """As `first_time`, for a thread: ``await asyncio.to_thread(store, event)``."""
        if isinstance(connection, Session | Connection):
            return self._marked(connection, event, part)
        _in_transaction(connection)
        return connection.execute(_for_psycopg(self._insert), _mark(event, part)).rowcount == 1

    async def forget(
        self, connection: AsyncSession | AsyncConnection | AsyncPsycopgConnection, *, older_than: timedelta
    ) -> int:
        """Delete old marks, by the database's clock. An event that comes again after that is handled again.

        Returns:
            How many there were.

        Raises:
            ConfigurationError: the connection is to no database that is known.
        """
        if isinstance(connection, AsyncSession | AsyncConnection):
            return await connection.run_sync(self._forgotten, older_than)
        statement = _for_psycopg(self._delete("postgresql"))
        return (await connection.execute(statement, _age(older_than))).rowcount

    def forget_sync(self, connection: Session | Connection | PsycopgConnection, *, older_than: timedelta) -> int:
        """As `forget`, for a thread."""
        if isinstance(connection, Session | Connection):
            return self._forgotten(connection, older_than)
        return connection.execute(_for_psycopg(self._delete("postgresql")), _age(older_than)).rowcount

    @property
    def _insert(self) -> str:
        return (
            f"INSERT INTO {self._quoted} (mark, consumer_group, event_id, part)"  # noqa: S608 - a quoted name
            " VALUES (:mark, :consumer_group, :event_id, :part) ON CONFLICT (mark) DO NOTHING"
        )

    def _delete(self, dialect: str) -> str:
        return f"DELETE FROM {self._quoted} WHERE {_AGED[dialect].format(seconds=':seconds')}"  # noqa: S608

    def _marked(self, connection: Session | Connection, event: Event, part: str) -> bool:
        one = connection.connection() if isinstance(connection, Session) else connection
        _known(one)
        mark = _mark(event, part)
        new = one.execute(text(self._insert), mark).rowcount == 1
        if new and not self._checked:
            self._check(one, mark)
        return new

    def _check(self, connection: Connection, mark: Mapping[str, str]) -> None:
        """That the mark is not committed yet. Whoever has connections that commit by themselves has them everywhere."""
        if connection.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            inside = bool(driver.in_transaction)
        else:
            inside = connection.execute(text("SELECT txid_current_if_assigned()")).scalar() is not None
        if not inside:
            connection.execute(text(f"DELETE FROM {self._quoted} WHERE mark = :mark"), mark)  # noqa: S608
            raise ConfigurationError(_AUTOCOMMIT)
        self._checked = True

    def _forgotten(self, connection: Session | Connection, older_than: timedelta) -> int:
        one = connection.connection() if isinstance(connection, Session) else connection
        return one.execute(text(self._delete(_known(one))), _age(older_than)).rowcount


_AUTOCOMMIT = "HandledEvents needs a transaction, and this connection commits each statement by itself"


def _in_transaction(connection: _Psycopg) -> None:
    if connection.autocommit and connection.info.transaction_status == _IDLE:
        raise ConfigurationError(_AUTOCOMMIT)


def _known(connection: Connection) -> str:
    if connection.dialect.name not in _AGED:
        raise ConfigurationError(f"HandledEvents knows PostgreSQL and SQLite, not {connection.dialect.name}")
    return connection.dialect.name


def _for_psycopg(statement: str) -> str:
    """With psycopg's placeholders."""
    return _PLACEHOLDER.sub(r"%(\1)s", statement)


def _mark(event: Event, part: str) -> dict[str, str]:
    whole = f"{event.group}\0{event.event_id}\0{part}"
    return {
        "mark": sha256(whole.encode("utf-8", "surrogatepass")).hexdigest(),
        "consumer_group": clean_text(event.group),
        "event_id": shorten_key(clean_text(event.event_id), _LONGEST_ID),
        "part": clean_text(part),
    }


def _age(older_than: timedelta) -> dict[str, int]:
    return {"seconds": int(older_than.total_seconds())}
