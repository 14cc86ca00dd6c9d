"""Behind PgBouncer in transaction mode, as managed databases are offered: the default settings work."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.sql import SqlContacts
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import head, migrate
from salesloft_webhooks.handlers.database.schema import activities
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support import samples
from tests.support.pgbouncer import PROGRAM, PgBouncer
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer
from tests.support.recorded_activity import record

pytestmark = [
    NEEDS_POSTGRESQL,
    pytest.mark.skipif(PROGRAM is None, reason="PGBOUNCER IS NOT INSTALLED: apt-get install pgbouncer"),
]


@pytest.fixture
def pgbouncer(postgres: PostgresServer) -> Iterator[PgBouncer]:
    """One in front of the shared server."""
    directory = Path(tempfile.mkdtemp(prefix="pgbouncer-", dir="/tmp"))
    running = PgBouncer(postgres, directory).start()
    yield running
    running.stop()
    shutil.rmtree(directory)


async def write_from_several_workers(address: str) -> list[BaseException]:
    """Rows and contacts, alone and in batches, from eight workers that share three connections; what went wrong."""
    engines = [create_engine(address) for _ in range(8)]
    logs = [ActivityLog(Database(engine)) for engine in engines]
    contacts = [SqlContacts(Database(engine)) for engine in engines]
    wrong: list[BaseException] = []
    for number in range(1, 13):
        rows = [record(log, samples.email()) for log in logs for _ in range(1 + number % 3)]
        people = [each.save(contact_of(samples.person(data={"id": number, "person_id": number}))) for each in contacts]
        outcomes = await asyncio.gather(*rows, *people, return_exceptions=True)
        wrong += [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for engine in engines:
        await engine.dispose()
    return wrong


async def test_everything_works_behind_it(postgres: PostgresServer, pgbouncer: PgBouncer) -> None:
    """Migration, check and writes of many workers, whose statements meet each other's connections."""
    name = postgres.create_database(f"pooled_{uuid4().hex}").rpartition("/")[2]
    engine = create_engine(pgbouncer.address(name))

    assert await migrate(engine) == (None, head())
    await Database(engine).check_ready(activities)
    assert await write_from_several_workers(pgbouncer.address(name)) == []

    async with Database(engine).transaction() as connection:
        assert (await connection.execute(select(func.count()).select_from(activities))).scalar_one() == 192
    await engine.dispose()


async def test_a_cache_of_statements_behind_it_pauses_the_group(postgres: PostgresServer, pgbouncer: PgBouncer) -> None:
    """Somebody who switches it on gets pauses whose reason names the parameter, and no attempt counted."""
    name = postgres.create_database(f"pooled_{uuid4().hex}").rpartition("/")[2]
    engine = create_engine(pgbouncer.address(name))
    await migrate(engine)
    await engine.dispose()

    wrong = await write_from_several_workers(f"{pgbouncer.address(name)}?statement_cache_size=100")

    assert wrong
    assert all(isinstance(each, Unavailable) and "statement_cache_size" in str(each) for each in wrong), set(wrong)
