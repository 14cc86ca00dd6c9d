"""From the schema that 0.1.0 released, with data in it, to the present one."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.ext.asyncio import AsyncEngine

from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.sql import SqlContacts
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import configuration, head, migrate, present
from salesloft_webhooks.handlers.database.schema import activities
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support import samples
from tests.support.documents import blocks
from tests.support.recorded_activity import record

RELEASED = "0001"
MOMENT = datetime(2026, 3, 7, 9, tzinfo=UTC)
FAR = datetime(2099, 1, 1, tzinfo=UTC)

old = sa.MetaData()
old_activities = sa.Table(
    "activities",
    old,
    sa.Column("event_id", sa.String(512), primary_key=True),
    sa.Column("event_type", sa.String(128)),
    sa.Column("occurred_at", sa.DateTime(timezone=True)),
    sa.Column("received_at", sa.DateTime(timezone=True)),
    sa.Column("details", sa.JSON),
)
old_contacts = sa.Table(
    "contacts",
    old,
    sa.Column("person_id", sa.BigInteger, primary_key=True),
    sa.Column("updated_at", sa.DateTime(timezone=True)),
    sa.Column("email_address", sa.String(320)),
    sa.Column("bounced_address", sa.String(320)),
    sa.Column("bounced_at", sa.DateTime(timezone=True)),
)
DETAILS = {
    "plain": {"subject": "Hello", "counts": {"views": 10**30}},
    "nul": {"subject": "a\x00b", "\x00name": ["\x00"]},
    "spelt-out": {"subject": "a\\u0000b \\\\u0000"},
    "both": {"subject": "a\\\x00b\\u0000\x00\x00"},
    "emoji": {"subject": "\U0001f600"},
    "half": {"subject": "a\ud83d"},
}
CLEAN = {
    **DETAILS,
    "nul": {"subject": "ab", "name": [""]},
    "both": {"subject": "a\\b\\u0000"},
    "half": {"subject": "a\ufffd"},
}


def activity(event_id: str, details: Any) -> dict[str, Any]:
    """A row as 0.1.0 wrote it."""
    times = {"occurred_at": MOMENT, "received_at": MOMENT}
    return {"event_id": event_id, "event_type": "email.opened", "details": details, **times}


@pytest.fixture
async def released(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database of 0.1.0 with its rows."""
    engine = create_engine(empty_database_url)

    def upgrade(connection: sa.Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, RELEASED)

    embedded = engine.dialect.name == "sqlite"
    people = [
        {"person_id": 1, "updated_at": MOMENT, "email_address": "a@b.c", "bounced_address": None, "bounced_at": None},
        {"person_id": 2, "updated_at": FAR, "email_address": None, "bounced_address": "a@b.c", "bounced_at": FAR},
    ]
    if embedded:  # PostgreSQL refused it
        people[0]["email_address"] = "a\x00@b.c"
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
        await connection.execute(old_activities.insert(), [activity(name, value) for name, value in DETAILS.items()])
        await connection.execute(
            old_activities.insert(), [activity(f"many-{n:04}", {"subject": "a\x00\U0001f600"}) for n in range(1200)]
        )
        await connection.execute(old_contacts.insert(), people)
    yield engine
    await engine.dispose()


async def stored(engine: AsyncEngine) -> dict[str, Any]:
    """Details by event id, and a proof that every row can be queried."""
    reading = "details->>'subject'" if engine.dialect.name == "postgresql" else "json_extract(details, '$.subject')"
    async with engine.begin() as connection:
        await connection.execute(sa.text(f"SELECT count(*) FROM activities WHERE {reading} = 'x'"))  # noqa: S608
        rows = (await connection.execute(sa.select(old_activities.c.event_id, old_activities.c.details))).all()
    return {row.event_id: row.details for row in rows}


async def test_rows_are_cleaned_and_nothing_is_lost(released: AsyncEngine) -> None:
    """Every row is there, holds what it held without what nobody can store, and can be queried."""
    assert await migrate(released) == (RELEASED, head())

    rows = await stored(released)
    assert {name: rows.pop(name) for name in CLEAN} == CLEAN
    assert len(rows) == 1200
    assert all(details == {"subject": "a\U0001f600"} for details in rows.values())


async def test_postgresqls_details_are_jsonb(released: AsyncEngine) -> None:
    """And SQLite's are the text they were."""
    await migrate(released)

    async with released.begin() as connection:
        columns = await connection.run_sync(lambda c: sa.inspect(c).get_columns("activities"))
    kind = next(str(column["type"]) for column in columns if column["name"] == "details")
    assert kind == ("JSONB" if released.dialect.name == "postgresql" else "JSON")


async def test_frozen_contacts_thaw(released: AsyncEngine) -> None:
    """A version of 2099 that 0.1.0 believed gives way to the next one."""
    await migrate(released)

    await SqlContacts(Database(released)).save(contact_of(samples.person(data={"id": 2, "person_id": 2})))

    async with released.begin() as connection:
        rows = (await connection.execute(sa.select(old_contacts).order_by(old_contacts.c.person_id))).all()
    assert rows[0].email_address == "a@b.c" if released.dialect.name == "postgresql" else rows[0].email_address
    assert "\x00" not in rows[0].email_address
    assert rows[1].email_address == "robin.sample@example.com"
    assert rows[1].updated_at.year == 2026
    assert rows[1].bounced_at.year == 1970


async def test_old_and_new_workers_write_side_by_side(released: AsyncEngine) -> None:
    """A new worker writes before the migration, an old one after it: no row is refused while versions are mixed."""
    database = Database(released)
    if released.dialect.name == "postgresql":
        await database.check_ready(activities)
    await record(ActivityLog(database), samples.email(event_id="new", data={"subject": "\x00"}))

    await migrate(released)
    async with released.begin() as connection:
        await connection.execute(old_activities.insert(), [activity("old", {"subject": "x"})])
        await connection.execute(old_activities.insert().values(activity("old too", {"subject": "x"})))

    rows = await stored(released)
    assert rows["new"]["subject"] == ""
    assert rows["old"] == rows["old too"] == {"subject": "x"}


async def test_the_way_back_keeps_the_rows(released: AsyncEngine) -> None:
    """Down to the released schema and up again."""

    def down(connection: sa.Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, RELEASED)

    await migrate(released)
    before = await stored(released)
    async with released.begin() as connection:
        await connection.run_sync(down)
    await migrate(released)

    assert json.dumps(await stored(released), sort_keys=True) == json.dumps(before, sort_keys=True)


async def test_the_page_leads_back_to_the_released_version(released: AsyncEngine) -> None:
    """Its statements leave the revision and the tables that 0.1.0 knows, with their rows; later there is a way up."""
    await migrate(released)
    before = await stored(released)
    (block,) = blocks("docs/operations.md", "sql")

    async with released.begin() as connection:
        for statement in block.text.split(";")[:-1]:
            await connection.execute(sa.text(statement))
        tables = await connection.run_sync(lambda c: sa.inspect(c).get_table_names())
        await connection.execute(old_activities.insert(), [activity("as 0.1.0", {"subject": "x"})])

    assert sorted(tables) == ["activities", "alembic_version", "contacts"]
    assert await present(released) == RELEASED
    assert await migrate(released) == (RELEASED, head())
    assert await stored(released) == {**before, "as 0.1.0": {"subject": "x"}}


async def test_a_migration_is_not_cut_short(released: AsyncEngine) -> None:
    """A large table takes longer than a worker would wait for a statement."""
    if released.dialect.name == "sqlite":
        pytest.skip("its statements have no time-out")
    address = released.url.render_as_string(hide_password=False)
    impatient = create_engine(f"{address}?command_timeout=0.3", command_seconds=None)
    async with released.begin() as connection:
        await connection.execute(sa.text("LOCK TABLE activities IN ACCESS EXCLUSIVE MODE"))
        migrating = asyncio.create_task(migrate(impatient))
        await asyncio.sleep(timedelta(seconds=1).total_seconds())

    assert await migrating == (RELEASED, head())
    await impatient.dispose()
