"""The schema: made by migrations, once, whoever comes first."""

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.errors import signal_of
from salesloft_webhooks.handlers.database.migrations import ForeignSchema, configuration, head, migrate, present
from salesloft_webhooks.handlers.database.resource_tables import RESOURCE_TABLES
from salesloft_webhooks.handlers.database.schema import activities, metadata
from salesloft_webhooks.handlers.database.transactions import Database, open_database
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.postgres import PostgresServer
from tests.support.recorded_activity import record

OPEN = """
import asyncio, sys
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import migrate
print(asyncio.run(migrate(create_engine(sys.argv[1])))[0])
"""


async def test_the_migrated_database_is_what_the_code_expects(database: Database) -> None:
    """Alembic finds no difference between the migrations' result and the tables in `schema`."""

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert {each.table.name for each in RESOURCE_TABLES.values()} < metadata.tables.keys()

    async with database.engine.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    """The first run says it came from nothing, the second that everything was there."""
    engine = create_engine(empty_database_url)

    assert await migrate(engine) == (None, head())
    assert await migrate(engine) == (head(), head())

    await engine.dispose()


async def test_migrations_can_be_undone_and_done_again(empty_database_url: str) -> None:
    """Down to nothing leaves no table of ours, and up again is as before."""
    engine = create_engine(empty_database_url)

    def undo(connection: Connection) -> list[str]:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    await migrate(engine)
    async with engine.begin() as connection:
        assert await connection.run_sync(undo) == ["alembic_version"]
    assert await migrate(engine) == (None, head())

    await engine.dispose()


async def test_a_later_versions_database_is_left_alone(database: Database) -> None:
    """After a roll-back the schema is ahead: migrating changes nothing, and rows are written."""
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert await migrate(database.engine) == ("9999", "9999")

    await ActivityLog(database).check_ready()
    await record(ActivityLog(database), samples.email())


OTHERS = {
    "other": ["1975ea83b712"],
    "bare": ["9999"],
    "low": ["0000"],
    "two": ["0001", "1975ea83b712"],
    "numbered-by-hand": ["0001"],
    "as-far-as-ours": [head()],
}


@pytest.mark.parametrize("tables", [(), ("activities", "contacts")], ids=["without-tables", "with-tables"])
@pytest.mark.parametrize("revisions", OTHERS.values(), ids=OTHERS)
async def test_another_applications_revisions_are_refused(
    empty_database_url: str, revisions: list[str], tables: tuple[str, ...]
) -> None:
    """A database that somebody else migrates is never taken for migrated or touched, whatever its revision is called.

    Nor is one whose tables have the names of ours.
    """
    engine = create_engine(empty_database_url)
    async with engine.begin() as connection:
        for each in tables:
            await connection.execute(text(f"CREATE TABLE {each} (id INT)"))
        await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        for each in revisions:
            await connection.execute(text("INSERT INTO alembic_version VALUES (:own)"), {"own": each})

    for look in (migrate, present):
        with pytest.raises(ForeignSchema):
            await look(engine)
    if engine.dialect.name == "sqlite":  # which workers migrate themselves
        with pytest.raises(Unavailable, match="another application"):
            await ActivityLog(Database(engine)).check_ready()

    async with engine.begin() as connection:
        there = await connection.run_sync(lambda c: inspect(c).get_table_names())
        assert sorted(there) == sorted(["alembic_version", *tables])
    await engine.dispose()


async def test_a_schema_of_ones_own_lies_beside_another_applications(postgres: PostgresServer) -> None:
    """With `search_path` in the address the tables are made there, whatever the first schema holds."""
    url = postgres.create_database(f"test_{uuid4().hex}")
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        await connection.execute(text("INSERT INTO alembic_version VALUES ('1975ea83b712')"))
        await connection.execute(text("CREATE TABLE contacts (id INT)"))
        await connection.execute(text("CREATE SCHEMA salesloft"))
    ours = create_engine(f"{url}?options=-csearch_path%3Dsalesloft")

    assert await migrate(ours) == (None, head())
    await record(ActivityLog(Database(ours)), samples.email())

    for each in (engine, ours):
        await each.dispose()


async def test_a_table_in_the_way_is_named_as_what_it_is(empty_database_url: str) -> None:
    """The words say that a table is there already and what to do, not that one is missing."""
    engine = create_engine(empty_database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE contacts (id INT)"))

    with pytest.raises(DBAPIError) as failure:
        await migrate(engine)

    assert "there already" in str(signal_of(failure.value))
    await engine.dispose()


async def test_an_applications_tables_are_in_nobodys_way(empty_database_url: str) -> None:
    """Tables of the commonest names, as users keep beside ours, do not stop a migration from the released schema."""
    engine = create_engine(empty_database_url)
    async with engine.begin() as connection:
        for name in ("accounts", "cadences", "notes", "tasks", "events"):
            await connection.execute(text(f"CREATE TABLE {name} (id INT)"))

    assert await migrate(engine) == (None, head())

    await engine.dispose()


def test_processes_that_start_together_migrate_once(empty_database_url: str) -> None:
    """Of six processes that migrate an empty database at the same time one does it, and none fails."""
    command = [sys.executable, "-c", OPEN, empty_database_url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]

    answers = [process.communicate(timeout=60)[0].strip() for process in processes]

    assert [process.returncode for process in processes] == [0] * 6
    assert sorted(answers) == [head()] * 5 + ["None"]


async def test_the_embedded_database_is_made_by_itself(tmp_path: Path) -> None:
    """Opening an SQLite file that is not there yet leaves one with tables."""
    settings = Settings.load(database_url=f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")

    async with open_database(settings) as database:
        await database.check_ready(activities)
        await record(ActivityLog(database), samples.email())


async def test_missing_tables_pause_the_group(empty_database_url: str) -> None:
    """Workers that start before the migration wait for it instead of losing their events to dead letters."""
    engine = create_engine(empty_database_url)

    with pytest.raises(Unavailable):
        await record(ActivityLog(Database(engine)), samples.email())
    await migrate(engine)
    await record(ActivityLog(Database(engine)), samples.email())

    await engine.dispose()
