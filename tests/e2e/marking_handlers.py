"""Handlers that write a row exactly once, and die at each step of it: once for each event, where its data says."""

import asyncio
import os
import signal
from pathlib import Path

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from salesloft_webhooks import Event, HandledEvents, Router

DEATHS, DATABASE, WAY = Path(os.environ["DEATHS"]), os.environ["DATABASE"], os.environ["WAY"]
INSERT = f"INSERT INTO rows_{WAY} VALUES (:event_id)"  # noqa: S608 - a test's own name
IN_PSYCOPG = f"INSERT INTO rows_{WAY} VALUES (%s)"  # noqa: S608

router: Router[None] = Router()
handled = HandledEvents()
asynchronous = create_async_engine(
    DATABASE.replace("postgresql:", "postgresql+asyncpg:", 1).replace("sqlite:", "sqlite+aiosqlite:", 1)
)
synchronous = create_engine(DATABASE.replace("postgresql:", "postgresql+psycopg:", 1))


def step(name: str, event: Event) -> None:
    """Die here, if this is where the event wants it, and has not had it."""
    if event.data["dies"] == name and not (place := DEATHS / f"{event.group}.{name}").exists():
        place.touch()
        os.kill(os.getpid(), signal.SIGKILL)


async def by_session(event: Event) -> None:
    """SQLAlchemy, asyncio."""
    async with AsyncSession(asynchronous) as session, session.begin():
        if await handled.first_time(session, event):
            step("marked", event)
            await session.execute(text(INSERT), {"event_id": event.event_id})
            step("written", event)
    step("committed", event)


async def by_thread(event: Event) -> None:
    """SQLAlchemy in a thread."""

    def store() -> None:
        with Session(synchronous) as session, session.begin():
            if handled.first_time_sync(session, event):
                step("marked", event)
                session.execute(text(INSERT), {"event_id": event.event_id})
                step("written", event)
        step("committed", event)

    await asyncio.to_thread(store)


async def by_psycopg(event: Event) -> None:
    """Psycopg, asyncio."""
    async with await psycopg.AsyncConnection.connect(DATABASE) as connection:
        if await handled.first_time(connection, event):
            step("marked", event)
            await connection.execute(IN_PSYCOPG, (event.event_id,))
            step("written", event)
    step("committed", event)


async def by_psycopg_thread(event: Event) -> None:
    """Psycopg in a thread."""

    def store() -> None:
        with psycopg.connect(DATABASE) as connection:
            if handled.first_time_sync(connection, event):
                step("marked", event)
                connection.execute(IN_PSYCOPG, (event.event_id,))
                step("written", event)
        step("committed", event)

    await asyncio.to_thread(store)


WAYS = {
    "session": by_session,
    "thread": by_thread,
    "psycopg": by_psycopg,
    "psycopgthread": by_psycopg_thread,
    "sqlite": by_session,
    "sqlitethread": by_thread,
}


@router.on("*")
async def store(event: Event) -> None:
    """By the way of this worker; the last death comes when the handler has returned, and nobody has been told."""
    step("before", event)
    await WAYS[WAY](event)
    asyncio.get_running_loop().call_soon(step, "returned", event)
