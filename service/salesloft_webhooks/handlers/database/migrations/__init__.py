"""The history of the database's schema, run by Alembic inside one transaction and under one lock.

Several processes may start at the same time. On SQLite the transaction itself is the lock (``BEGIN IMMEDIATE``, and
its DDL is transactional); on PostgreSQL an advisory lock is taken first, so that a second migration waits for the
first and then finds nothing to do.
"""

import re
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from salesloft_webhooks.errors import Unavailable

ADVISORY_LOCK = 0x5A1E510F7
"""Any number nobody else uses: it names the lock, it is not a secret."""
_OURS = re.compile("[0-9]{4}")
"""A revision of ours; Alembic makes up others of twelve characters."""
_FIRST_TABLES = {"activities": "event_id", "contacts": "person_id"}
"""Those of the first revision, there ever after, and their keys: others have tables of these names, too."""


class ForeignSchema(Unavailable):
    """Somebody else migrates this database, or the revision in it was damaged: nothing of it is touched."""


def configuration() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def head() -> str:
    """The revision this version of the package needs."""
    revision = ScriptDirectory.from_config(configuration()).get_current_head()
    assert revision is not None, "the package ships at least one migration"  # noqa: S101 - for the type checker
    return revision


def _current(connection: Connection) -> str | None:
    revisions = MigrationContext.configure(connection).get_current_heads()
    if not revisions:
        return None
    known = {each.revision for each in ScriptDirectory.from_config(configuration()).walk_revisions()}
    # Others number their revisions by hand, too: 0003 says nothing without tables of ours.
    if len(revisions) == 1 and (revisions[0] in known or is_later(revisions[0])) and _has_our_tables(connection):
        return revisions[0]
    raise ForeignSchema(
        "the table alembic_version is not this product's, another application migrates this database:"
        " give it a database or a schema of its own"
    )


def _has_our_tables(connection: Connection) -> bool:
    looked_at = inspect(connection)
    return all(
        looked_at.has_table(table) and key in {each["name"] for each in looked_at.get_columns(table)}
        for table, key in _FIRST_TABLES.items()
    )


def is_later(revision: str) -> bool:
    """Whether a database at ``revision`` was migrated by a later version than this one, which works with its tables."""
    return _OURS.fullmatch(revision) is not None and revision > head()


async def present(engine: AsyncEngine) -> str | None:
    """The revision a database is at; None: it has none of our tables. Nothing is changed.

    Raises:
        ForeignSchema: it is not ours.
    """
    async with engine.connect() as connection:
        return await connection.run_sync(_current)


def _upgrade(connection: Connection) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def migrate(engine: AsyncEngine) -> tuple[str | None, str]:
    """Bring the database to `head`; a database that is there already, or further, is left alone.

    Further is one after a roll-back: what a later version adds, this one does not touch.

    Returns:
        The revisions before (None: an empty database) and after.

    Raises:
        ForeignSchema: it is not ours.
    """
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
        before = await connection.run_sync(_current)
        if before is not None and is_later(before):
            return before, before
        if before != (newest := head()):
            await connection.run_sync(_upgrade)
    return before, newest
