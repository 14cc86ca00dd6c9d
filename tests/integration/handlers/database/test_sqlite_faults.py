"""An SQLite file that cannot be used pauses the group, and is used as soon as it can be."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.schema import activities
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support import samples
from tests.support.recorded_activity import record


async def count(database: Database) -> int:
    """Rows in the table."""
    async with database.transaction() as connection:
        return int((await connection.execute(select(func.count()).select_from(activities))).scalar_one())


@pytest.mark.parametrize("what", ["missing-folder", "folder", "no-database"])
async def test_an_sqlite_file_that_cannot_be_used_pauses_the_group(tmp_path: Path, what: str) -> None:
    """The check says why, and so does each event; when it is mended both go through."""
    file = tmp_path / "data" / "events.db"
    if what != "missing-folder":
        file.parent.mkdir()
    if what == "folder":
        file.mkdir()
    if what == "no-database":
        file.write_text("this is no database" * 1000)
    engine = create_engine(f"sqlite:///{file}")
    database = Database(engine)

    with pytest.raises(Unavailable, match="SQLITE_"):
        await database.check_ready(activities)
    with pytest.raises(Unavailable, match="SQLITE_"):
        await record(ActivityLog(database), samples.email())
    if what == "missing-folder":
        file.parent.mkdir()
    elif what == "folder":
        file.rmdir()
    else:
        file.unlink()
    await database.check_ready(activities)
    await record(ActivityLog(database), samples.email())

    assert await count(database) == 1
    await engine.dispose()


async def test_a_full_sqlite_disk_pauses_the_group(tmp_path: Path) -> None:
    """SQLITE_FULL: rows wait for room."""
    engine = create_engine(f"sqlite:///{tmp_path / 'events.db'}")
    database = Database(engine)
    await database.check_ready(activities)
    async with database.transaction() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()

    @event.listens_for(engine.sync_engine, "begin")
    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(Unavailable, match="SQLITE_FULL: its disk is full"):
        await record(ActivityLog(database), samples.email(data={"subject": "x" * 100_000}))

    await engine.dispose()
