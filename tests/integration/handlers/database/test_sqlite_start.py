"""Workers that start together share a new SQLite file, and each switches it to WAL."""

import sqlite3
import threading
from pathlib import Path

from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import head, migrate


async def test_a_worker_waits_while_another_one_makes_the_file(tmp_path: Path) -> None:
    """It is not turned away with "database is locked", which SQLite's busy time-out does not cover at this moment."""
    file = tmp_path / "events.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE begun (number INTEGER)")
    other.execute("BEGIN IMMEDIATE")
    finish = threading.Timer(0.3, other.execute, ("COMMIT",))
    finish.start()
    engine = create_engine(f"sqlite+aiosqlite:///{file}")

    try:
        assert await migrate(engine) == (None, head())
    finally:
        await engine.dispose()
        finish.join()
        other.close()
