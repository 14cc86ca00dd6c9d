"""Databases for the handlers' tests: each test runs once on SQLite and once on a real PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import migrate
from salesloft_webhooks.handlers.database.transactions import Database
from salesloft_webhooks.settings import Settings
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer, new_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One running PostgreSQL server."""
    with new_postgres() as server:
        yield server.start()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the test's own, which it may stop, kill and start again."""
    with new_postgres() as server:
        yield server.start()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=NEEDS_POSTGRESQL)])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database(f"test_{uuid4().hex}")


@pytest.fixture
async def database(empty_database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database."""
    engine = create_engine(empty_database_url)
    await migrate(engine)
    yield Database(engine)
    await engine.dispose()


@pytest.fixture
def settings(database: Database) -> Settings:
    """Settings that point to `database`."""
    return Settings.load(database_url=database.engine.url.render_as_string(hide_password=False))
