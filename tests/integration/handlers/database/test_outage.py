"""A PostgreSQL server that goes away and comes back: pauses, no losses, no rows twice."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from salesloft_webhooks.errors import ConfigurationError, PermanentError, Unavailable
from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.errors import Conflict
from salesloft_webhooks.handlers.database.migrations import migrate
from salesloft_webhooks.handlers.database.schema import activities
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support import samples
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer
from tests.support.recorded_activity import record


async def count(database: Database) -> int:
    """Rows in the table."""
    async with database.transaction() as connection:
        return int((await connection.execute(select(func.count()).select_from(activities))).scalar_one())


@NEEDS_POSTGRESQL
@pytest.mark.parametrize("kill", [False, True], ids=["restart", "crash"])
async def test_rows_survive_a_restart_under_load(own_postgres: PostgresServer, kill: bool) -> None:  # noqa: FBT001 - a parameter
    """Attempts during the outage pause the group; every event that is tried until it succeeds has exactly one row."""
    engine = create_engine(own_postgres.create_database("restarted"))
    await migrate(engine)
    database = Database(engine)
    log = ActivityLog(database)
    signals: list[Unavailable] = []

    async def until_recorded() -> None:
        event = samples.email()
        for _ in range(300):
            try:
                return await record(log, event)
            except Unavailable as signal:
                signals.append(signal)
                await asyncio.sleep(0.05)
        raise AssertionError("never recorded")

    tasks = []
    for number in range(300):
        tasks.append(asyncio.create_task(until_recorded()))
        await asyncio.sleep(0.002)
        if number == 100:
            await asyncio.to_thread(own_postgres.stop, kill=kill)
        if number == 200:
            await asyncio.to_thread(own_postgres.start)
    await asyncio.wait_for(asyncio.gather(*tasks), 60)

    assert signals, "the outage was noticed"
    assert await count(database) == 300
    await engine.dispose()


@NEEDS_POSTGRESQL
async def test_a_connection_that_the_server_ends_is_replaced(own_postgres: PostgresServer) -> None:
    """After an administrator ended every session the next write goes through on a new one."""
    engine = create_engine(own_postgres.create_database("ended"))
    await migrate(engine)
    log = ActivityLog(Database(engine))
    await record(log, samples.email())

    other = create_engine(own_postgres.create_database("other"))
    async with other.begin() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ended'"))
    await other.dispose()

    await record(log, samples.email())
    assert await count(Database(engine)) == 2
    await engine.dispose()


async def test_a_server_nobody_runs_pauses_the_group() -> None:
    """A refused connection counts no attempt."""
    engine = create_engine("postgresql+asyncpg://nobody@127.0.0.1:1/none")

    with pytest.raises(Unavailable):
        await record(ActivityLog(Database(engine)), samples.email())

    await engine.dispose()


@NEEDS_POSTGRESQL
@pytest.mark.parametrize("login", ["postgres@127.0.0.1:{}/nowhere", "nobody@127.0.0.1:{}/postgres"])
async def test_a_login_that_is_refused_pauses_the_group(postgres: PostgresServer, login: str) -> None:
    """A wrong user, password or database is the operator's to mend; events wait for it."""
    engine = create_engine(f"postgresql+asyncpg://{login.format(postgres.port)}")

    with pytest.raises(Unavailable):
        await record(ActivityLog(Database(engine)), samples.email())

    await engine.dispose()


@pytest.mark.parametrize(
    ("statement", "signal"),
    [
        ("SELECT 1/0 FROM activities", PermanentError),
        ("SELECT CAST('no such table' AS integer)", PermanentError),
        ("SELECT nonsense FROM (SELECT 1) AS t", Unavailable),
        ("SELECT pg_terminate_backend(pg_backend_pid())", Unavailable),
        ("SET LOCAL statement_timeout = 10; SELECT pg_sleep(9)", Unavailable),
        ("SELECT * FROM activities WHERE", Unavailable),
    ],
    ids=["data", "quoted-data", "schema", "connection-ended", "statement-time-out", "whatever-else"],
)
@NEEDS_POSTGRESQL
async def test_errors_never_quote_the_row(postgres: PostgresServer, statement: str, signal: type[Exception]) -> None:
    """What the database says about a row is personal data; the signal carries the SQLSTATE only."""
    engine = create_engine(postgres.create_database(f"errors_{uuid4().hex}"))
    await migrate(engine)
    database = Database(engine)
    await record(ActivityLog(database), samples.email())

    async def execute() -> None:
        async with database.transaction() as connection:
            for each in statement.split(";"):
                await connection.execute(text(each))

    with pytest.raises(signal) as caught:
        await execute()

    assert str(caught.value).startswith("database: ")
    assert "division" not in str(caught.value)
    await engine.dispose()


@NEEDS_POSTGRESQL
async def test_a_transaction_given_up_for_another_counts_no_attempt(postgres: PostgresServer) -> None:
    """A deadlock is nobody's fault and everybody's chance: no attempt is counted."""
    engine = create_engine(postgres.create_database("deadlock"))
    database = Database(engine)
    barrier = asyncio.Barrier(2)

    async def lock(*order: int) -> None:
        async with database.transaction() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": order[0]})
            await barrier.wait()
            await connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": order[1]})

    outcomes = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {type(None), Conflict}
    await engine.dispose()


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://host/db", "postgresql+psycopg2://host/db", "sqlite+pysqlite:///x"]
)
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    """A driver that is not asynchronous would fail much later, in every handler."""
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        create_engine(url)
