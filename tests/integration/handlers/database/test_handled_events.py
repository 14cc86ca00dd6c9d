"""`HandledEvents` on PostgreSQL and SQLite, by every way to a database that authors have."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from salesloft_webhooks import Event, HandledEvents
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.testing import event
from tests.integration.handlers.database.ways import (
    HANDLED,
    PSYCOPG,
    ROWS,
    WAYS,
    Attempt,
    Failed,
    by_session,
    psycopg_address,
)
from tests.support.postgres import NEEDS_POSTGRESQL


@pytest.fixture
async def engine(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database with the table of marks, and one of rows."""
    url = make_url(empty_database_url)
    driver = url.drivername if url.drivername.startswith("sqlite") else "postgresql+asyncpg"
    engine = create_async_engine(url.set(drivername=driver))
    async with engine.begin() as connection:
        for statement in (*HANDLED.definition, ROWS):
            await connection.execute(text(statement))
    yield engine
    await engine.dispose()


PLACES = ("sqlite", "postgresql")
every_way = pytest.mark.parametrize(
    ("empty_database_url", "attempt"),
    [
        pytest.param(place, way, id=f"{place}-{way.__name__}", marks=NEEDS_POSTGRESQL if place == "postgresql" else ())
        for place in PLACES
        for way in WAYS
        if place == "postgresql" or way not in PSYCOPG
    ],
    indirect=True,
)
only_postgresql = pytest.mark.parametrize(
    "empty_database_url", [pytest.param("postgresql", marks=NEEDS_POSTGRESQL)], indirect=True
)


@pytest.fixture
def attempt(request: pytest.FixtureRequest, engine: AsyncEngine) -> Attempt:
    """One way to the database."""

    async def handle(given: Event, **options: Any) -> bool:
        new: bool = await request.param(engine, given, **options)
        return new

    return handle


async def rows(engine: AsyncEngine) -> int:
    """How often anything was written."""
    async with engine.connect() as connection:
        count: int = (await connection.execute(text("SELECT count(*) FROM rows"))).scalar_one()
        return count


def of_group(group: str = "billing", event_id: str = "one") -> Event:
    """An event as a worker of that group hands it over."""
    return replace(event("person.created", id=7), event_id=event_id, group=group)


@every_way
async def test_rows_are_written_by_the_first_attempt_alone(attempt: Attempt, engine: AsyncEngine) -> None:
    """Whoever comes after the commit is told so."""
    assert [await attempt(of_group()) for _ in range(3)] == [True, False, False]
    assert await rows(engine) == 1


@every_way
async def test_what_fails_has_left_no_mark(attempt: Attempt, engine: AsyncEngine) -> None:
    """Rows and mark go together, so the next attempt writes."""
    with pytest.raises(Failed):
        await attempt(of_group(), fails=True)

    assert await rows(engine) == 0
    assert await attempt(of_group())
    assert await rows(engine) == 1


@pytest.mark.parametrize(
    "other", [of_group("crm"), of_group(event_id="two"), of_group(event_id="one\ud800"), of_group(event_id="o" * 5_000)]
)
async def test_other_groups_and_events_have_marks_of_their_own(engine: AsyncEngine, other: Event) -> None:
    """Whatever characters their ids have, and however long they are."""
    almost = replace(other, event_id=other.event_id + "\0")

    assert [await by_session(engine, each) for each in (of_group(), other, almost, other, almost)] == [
        *(True, True, True),
        *(False, False),
    ]


@every_way
async def test_handlers_that_share_attempts_have_parts(attempt: Attempt) -> None:
    """The second handler failed, and the first runs again with it: it does nothing, the second does its part."""
    assert await attempt(of_group(), part="invoice")
    with pytest.raises(Failed):
        await attempt(of_group(), part="mail", fails=True)

    assert [await attempt(of_group(), part=each) for each in ("invoice", "mail")] == [False, True]


@only_postgresql  # with SQLite one writes at a time
@pytest.mark.parametrize(("ends", "second"), [("commit", False), ("rollback", True)])
async def test_two_attempts_at_once_wait_for_each_other(engine: AsyncEngine, ends: str, *, second: bool) -> None:
    """The second is told what became of the first, however late."""
    async with AsyncSession(engine) as first:
        assert await HANDLED.first_time(first, of_group())
        other = asyncio.create_task(by_session(engine, of_group()))
        done, _ = await asyncio.wait([other], timeout=0.3)
        await getattr(first, ends)()

        assert (done, await other) == (set(), second)


async def test_a_connection_that_commits_by_itself_is_refused(engine: AsyncEngine) -> None:
    """The mark would be there and the rows not; nothing is left of it."""
    by_itself = engine.execution_options(isolation_level="AUTOCOMMIT")
    for _ in range(2):
        async with AsyncSession(by_itself) as session:
            with pytest.raises(ConfigurationError, match="needs a transaction"):
                await HandledEvents().first_time(session, of_group())

    assert await by_session(engine, of_group())


@only_postgresql
async def test_psycopg_in_autocommit_needs_a_block(engine: AsyncEngine) -> None:
    """Without `transaction()` it is refused before anything is sent."""
    address = psycopg_address(engine.url.render_as_string(hide_password=False))
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        with pytest.raises(ConfigurationError, match="needs a transaction"):
            await HANDLED.first_time(connection, of_group())
        async with connection.transaction():
            assert await HANDLED.first_time(connection, of_group())

    def again() -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            HANDLED.first_time_sync(connection, of_group())

    with pytest.raises(ConfigurationError, match="needs a transaction"):
        await asyncio.to_thread(again)


async def test_old_marks_are_forgotten(engine: AsyncEngine) -> None:
    """Those that are older, by the database's clock; an event that comes again after that is handled again."""
    for each in ("old", "new"):
        await by_session(engine, of_group(event_id=each))
    earlier = "now() - interval '31 days'" if engine.dialect.name == "postgresql" else "datetime('now', '-31 days')"
    async with engine.begin() as connection:
        await connection.execute(
            text(f"UPDATE salesloft_handled_events SET handled_at = {earlier} WHERE event_id = 'old'")  # noqa: S608
        )

    async with AsyncSession(engine) as session, session.begin():
        gone = await HANDLED.forget(session, older_than=timedelta(days=30))

    assert gone == 1
    assert [await by_session(engine, of_group(event_id=each)) for each in ("new", "old")] == [False, True]


@only_postgresql
async def test_psycopg_forgets_as_well(engine: AsyncEngine) -> None:
    """Both of its connections."""
    address = psycopg_address(engine.url.render_as_string(hide_password=False))
    await by_session(engine, of_group())

    async with await psycopg.AsyncConnection.connect(address) as connection:
        kept = await HANDLED.forget(connection, older_than=timedelta(days=1))

    def forgotten() -> int:
        with psycopg.connect(address) as connection:
            return HANDLED.forget_sync(connection, older_than=timedelta(seconds=-60))

    assert (kept, await asyncio.to_thread(forgotten)) == (0, 1)


async def test_the_table_may_have_any_plain_name(engine: AsyncEngine) -> None:
    """Its definition can be run again, and is what Alembic is given."""
    own = HandledEvents("order", "main" if engine.dialect.name == "sqlite" else "public")
    async with engine.begin() as connection:
        for statement in (*own.definition[:1], *own.definition[:1]):
            await connection.execute(text(statement))
        assert await own.first_time(connection, of_group())

    assert own.table.columns.keys() == ["mark", "consumer_group", "event_id", "part", "handled_at"]


@pytest.mark.parametrize("name", ["", "rows; DROP TABLE rows", 'a"b', "x" * 64, ":mark", "%(mark)s"])
def test_other_names_are_refused(name: str) -> None:
    """They stand in a statement as they are."""
    with pytest.raises(ConfigurationError, match="letters, digits"):
        HandledEvents(name)
    with pytest.raises(ConfigurationError, match="letters, digits"):
        HandledEvents(schema=name)


async def test_other_databases_are_refused(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, before anything is sent."""
    async with AsyncSession(engine) as session:
        connection = await session.connection()
        monkeypatch.setattr(connection.dialect, "name", "mysql")

        with pytest.raises(ConfigurationError, match="not mysql"):
            await HANDLED.first_time(connection, of_group())
        monkeypatch.undo()
