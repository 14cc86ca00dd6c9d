"""Whose fault an error is: what the server or a setting is to blame for pauses the group, and drops the connections."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import func, select, text

from salesloft_webhooks.errors import HandlerSignal, PermanentError, Unavailable
from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.database.engine import POOL_SIZE, create_engine
from salesloft_webhooks.handlers.database.errors import Conflict, NotMigrated
from salesloft_webhooks.handlers.database.migrations import migrate
from salesloft_webhooks.handlers.database.schema import activities
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support import samples
from tests.support.full_disks import small_disk
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer
from tests.support.recorded_activity import record


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    engine = create_engine(url)
    await migrate(engine)
    yield Database(engine)
    await engine.dispose()


async def count(database: Database) -> int:
    """Rows in the table."""
    async with database.transaction() as connection:
        return int((await connection.execute(select(func.count()).select_from(activities))).scalar_one())


async def fill_pool(database: Database) -> None:
    """Open as many connections as the pool keeps."""
    barrier = asyncio.Barrier(POOL_SIZE)

    async def hold() -> None:
        async with database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
            await barrier.wait()

    await asyncio.gather(*(hold() for _ in range(POOL_SIZE)))


@NEEDS_POSTGRESQL
async def test_after_a_fail_over_the_standby_is_left(own_postgres: PostgresServer) -> None:
    """Connections to a server that became read-only are dropped at the first refusal, all of them, and nobody dies.

    The primary ends and its standby takes over; the first in the list of hosts is a standby of it by then.
    """
    own_postgres.create_database("hooks")
    standby = own_postgres.standby().start()
    try:
        hosts = f"127.0.0.1:{standby.port},127.0.0.1:{own_postgres.port}"
        async with opened(f"postgresql://postgres@{hosts}/hooks") as database:
            log = ActivityLog(database)
            await record(log, samples.email())
            own_postgres.execute("SELECT pg_switch_wal()")
            await fill_pool(database)

            own_postgres.stop()
            with pytest.raises(Unavailable):
                await record(log, samples.email())
            standby.promote()
            await record(log, samples.email())

            assert await count(database) == 2
    finally:
        standby.remove()


@NEEDS_POSTGRESQL
async def test_a_server_that_became_read_only_pauses_the_group(own_postgres: PostgresServer) -> None:
    """25006 is nobody's fault but the server's; the next write is on new connections, which may lead elsewhere."""
    url = own_postgres.create_database("hooks")
    async with opened(url) as database:
        log = ActivityLog(database)
        await fill_pool(database)
        own_postgres.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        own_postgres.execute("SELECT pg_reload_conf()")
        await asyncio.sleep(0.3)

        outcomes = await asyncio.gather(*(record(log, samples.email()) for _ in range(20)), return_exceptions=True)
        with pytest.raises(Unavailable, match="read-only"):
            await database.check_ready(activities)
        left = own_postgres.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'hooks'")
        own_postgres.execute("ALTER SYSTEM RESET default_transaction_read_only")
        own_postgres.execute("SELECT pg_reload_conf()")
        await asyncio.sleep(0.3)
        await record(log, samples.email())

        assert {type(outcome) for outcome in outcomes} == {Unavailable}
        assert "25006: the server is read-only" in str(outcomes[0])
        assert int(left) < POOL_SIZE
        assert await count(database) == 1


@NEEDS_POSTGRESQL
async def test_a_server_without_connections_left_pauses_the_group(own_postgres: PostgresServer) -> None:
    """53300, at the connection limit of a small plan."""
    url = own_postgres.create_database("hooks")
    async with opened(url) as database:
        await database.engine.dispose()
        own_postgres.execute("CREATE ROLE small LOGIN; ALTER DATABASE hooks CONNECTION LIMIT 0")
    engine = create_engine(url.replace("postgres@", "small@"))

    with pytest.raises(Unavailable, match="53300: it has no connection left"):
        await record(ActivityLog(Database(engine)), samples.email())

    await engine.dispose()


def raising(state: str) -> str:
    """A statement that fails with this state."""
    return f"DO $$ BEGIN RAISE EXCEPTION 'geheim' USING ERRCODE = '{state}'; END $$"


OURS_OR_THEIRS = (
    *("08006", "25006", "25P02", "25P03", "26000", "28000", "3D000", "42P05", "42501", "42883"),
    *("53000", "53100", "53200", "53300", "53400", "57014", "57P01", "57P02", "57P03", "57P05", "58000", "58030"),
    *("0A000", "F0000", "P0001", "XX000", "XX001", "XX002"),
)
NOT_MIGRATED = ("42P01", "42703")
IN_THE_WAY = ("40001", "40P01", "55P03", "55006")
THE_DATAS = ("21000", "22001", "22003", "22021", "22P02", "22P05", "23502", "23505", "23514", "44000", "54000")


@pytest.mark.parametrize(
    ("state", "signal"),
    [
        *((state, Unavailable) for state in OURS_OR_THEIRS),
        *((state, NotMigrated) for state in NOT_MIGRATED),
        *((state, Conflict) for state in IN_THE_WAY),
        *((state, PermanentError) for state in THE_DATAS),
    ],
)
@NEEDS_POSTGRESQL
async def test_only_errors_of_the_data_are_the_events_fault(
    postgres: PostgresServer, state: str, signal: type[HandlerSignal]
) -> None:
    """Everything else pauses the group and closes the connection; texts of the server are never passed on."""
    engine = create_engine(f"postgresql://postgres@127.0.0.1:{postgres.port}/postgres")
    database = Database(engine)
    closed: list[object] = []

    async def fail() -> None:
        async with database.transaction() as connection:
            raw = await connection.get_raw_connection()
            closed.append(raw.driver_connection)
            await connection.exec_driver_sql(raising(state))

    with pytest.raises(signal) as caught:
        await fail()

    assert type(caught.value) is signal
    assert state in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert closed[0].is_closed() is (signal in {Unavailable, NotMigrated})  # type: ignore[attr-defined]
    await engine.dispose()


@NEEDS_POSTGRESQL
async def test_a_conflict_is_tried_again_at_once(postgres: PostgresServer) -> None:
    """A row locked by somebody else for a moment is written as soon as it is free, without an attempt."""
    url = postgres.create_database("contended")
    async with opened(url) as database:
        url_with_patience = f"{url}?options=-c%20lock_timeout%3D50"
        impatient = create_engine(url_with_patience)
        async with database.transaction() as connection:
            await connection.execute(text("LOCK TABLE activities"))
            writing = asyncio.create_task(record(ActivityLog(Database(impatient)), samples.email()))
            await asyncio.sleep(0.08)
        await writing

        assert await count(database) == 1
        await impatient.dispose()


@NEEDS_POSTGRESQL
async def test_a_lock_that_stays_pauses_the_group(postgres: PostgresServer) -> None:
    """An ALTER TABLE of an hour costs no event an attempt."""
    url = postgres.create_database("locked")
    async with opened(url) as database:
        impatient = create_engine(f"{url}?options=-c%20lock_timeout%3D20")
        async with database.transaction() as connection:
            await connection.execute(text("LOCK TABLE activities"))
            with pytest.raises(Unavailable, match="55P03"):
                await record(ActivityLog(Database(impatient)), samples.email())
        await impatient.dispose()


@NEEDS_POSTGRESQL
async def test_a_full_disk_pauses_the_group(own_postgres: PostgresServer) -> None:
    """53100, on a real file system without room; with room the row is written."""
    with small_disk(own_postgres.directory / "disk", 4) as disk, own_postgres.stopped_at_the_end():
        own_postgres.own(disk.folder)
        async with opened(own_postgres.create_database("hooks")) as database:
            own_postgres.execute(f"CREATE TABLESPACE small LOCATION '{disk.folder}'")
            own_postgres.execute("ALTER TABLE activities SET TABLESPACE small", "hooks")
            disk.fill(leave_bytes=0)
            event = samples.email(data={"subject": os.urandom(60_000).hex()})

            with pytest.raises(Unavailable, match="53100: its disk is full"):
                await record(ActivityLog(database), event)
            disk.enlarge(16)
            await record(ActivityLog(database), event)

            assert await count(database) == 1
