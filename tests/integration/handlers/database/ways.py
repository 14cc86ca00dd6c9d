"""The ways to a database that authors have, each handling an event exactly once with `HandledEvents`."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from salesloft_webhooks import Event, HandledEvents

HANDLED = HandledEvents()
ROWS = "CREATE TABLE rows (event_id TEXT NOT NULL)"
"""No key: nothing but the mark keeps a row from coming twice."""
Attempt = Callable[..., Awaitable[bool]]
"""Handle an event once: a row if it is the first time; with ``fails``, an error before the commit."""


class Failed(Exception):
    """What a handler raises after its row."""


def psycopg_address(url: str) -> str:
    """The same database for libpq."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def sync_address(url: str) -> str:
    """The same database for SQLAlchemy's synchronous engines."""
    driver = "sqlite" if url.startswith("sqlite") else "postgresql+psycopg"
    return make_url(url).set(drivername=driver).render_as_string(hide_password=False)


def fail(*, fails: bool) -> None:
    """As asked for."""
    if fails:
        raise Failed


INSERT = "INSERT INTO rows VALUES (:event_id)"


async def by_session(engine: AsyncEngine, given: Event, *, fails: bool = False, part: str = "") -> bool:
    """SQLAlchemy's AsyncSession."""
    async with AsyncSession(engine) as session, session.begin():
        if new := await HANDLED.first_time(session, given, part=part):
            await session.execute(text(INSERT), {"event_id": ascii(given.event_id)})
        fail(fails=fails)
    return new


async def by_connection(engine: AsyncEngine, given: Event, *, fails: bool = False, part: str = "") -> bool:
    """SQLAlchemy's AsyncConnection."""
    async with engine.begin() as connection:
        if new := await HANDLED.first_time(connection, given, part=part):
            await connection.execute(text(INSERT), {"event_id": ascii(given.event_id)})
        fail(fails=fails)
    return new


async def by_sync_session(engine: AsyncEngine, given: Event, *, fails: bool = False, part: str = "") -> bool:
    """SQLAlchemy's Session, in a thread."""

    def store() -> bool:
        own = create_sync_engine(sync_address(engine.url.render_as_string(hide_password=False)))
        try:
            with Session(own) as session, session.begin():
                if new := HANDLED.first_time_sync(session, given, part=part):
                    session.execute(text(INSERT), {"event_id": ascii(given.event_id)})
                fail(fails=fails)
        finally:
            own.dispose()
        return new

    return await asyncio.to_thread(store)


async def by_psycopg(engine: AsyncEngine, given: Event, *, fails: bool = False, part: str = "") -> bool:
    """Psycopg's AsyncConnection."""
    address = psycopg_address(engine.url.render_as_string(hide_password=False))
    async with await psycopg.AsyncConnection.connect(address) as connection:
        if new := await HANDLED.first_time(connection, given, part=part):
            await connection.execute("INSERT INTO rows VALUES (%s)", (ascii(given.event_id),))
        fail(fails=fails)
    return new


async def by_sync_psycopg(engine: AsyncEngine, given: Event, *, fails: bool = False, part: str = "") -> bool:
    """Psycopg's Connection, in a thread."""

    def store() -> bool:
        with psycopg.connect(psycopg_address(engine.url.render_as_string(hide_password=False))) as connection:
            if new := HANDLED.first_time_sync(connection, given, part=part):
                connection.execute("INSERT INTO rows VALUES (%s)", (ascii(given.event_id),))
            fail(fails=fails)
        return new

    return await asyncio.to_thread(store)


PSYCOPG = (by_psycopg, by_sync_psycopg)
"""PostgreSQL's alone."""
WAYS = (by_session, by_connection, by_sync_session, *PSYCOPG)
