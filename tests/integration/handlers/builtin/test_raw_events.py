"""Every event as a row: whole, once, of every type, and what does not fit is beside it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.raw_events import EventRows
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import migrate
from salesloft_webhooks.handlers.database.schema import events as table
from salesloft_webhooks.handlers.database.transactions import Database
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.documents import blocks

RECEIVED = datetime(2026, 3, 7, 10, tzinfo=UTC)


async def rows(database: Database) -> list[dict[str, Any]]:
    """All rows by id, without what is null."""
    async with database.transaction() as connection:
        found = (await connection.execute(select(table).order_by(table.c.event_id, table.c.source))).mappings().all()
    return [{name: value for name, value in row.items() if value is not None} for row in found]


async def test_an_event_becomes_a_row(database: Database, settings: Settings) -> None:
    """The built-in group stores what an event says of itself in columns, and the whole JSON."""
    group = load_group("events", (), settings)
    event = samples.email(event_id="e1", received_at=RECEIVED, data={"account": {"id": 9}, "new": [1.5, None, "ä"]})

    async with group.open(settings) as running:
        await running.handle(event)

    assert await rows(database) == [
        {
            "event_id": "e1",
            "source": "default",
            "event_type": "email.opened",
            "received_at": RECEIVED,
            "created_at": datetime(2026, 3, 7, 9, 26, 14, 444910, tzinfo=UTC),
            "updated_at": datetime(2026, 3, 6, 23, 40, 21, 773801, tzinfo=UTC),
            "person_id": samples.PERSON_ID,
            "user_id": samples.USER_ID,
            "account_id": 9,
            "resource_id": 812345678,
            "data": json.loads(event.raw_data),
        }
    ]


async def test_each_event_of_each_source_is_one_row(database: Database) -> None:
    """Handled twice, in one batch or another, it is there once; another source's of the same id is another event."""
    ours, theirs = (samples.event("step.created", {"id": 1}, event_id="7", source=each) for each in ("a", "b"))

    for batch in ([ours, theirs, ours], [theirs, ours]):
        assert await EventRows(database).record(batch) == {}

    assert [(row["event_id"], row["source"]) for row in await rows(database)] == [("7", "a"), ("7", "b")]


async def test_what_no_database_stores_is_kept_as_it_came(database: Database) -> None:
    """NUL is taken out of `data`, which can be queried, and the text that SalesLoft sent stands in `original`."""
    odd = {"id": 2**63, "person_id": "x", "s\x00": "a\x00b", "n": 1.5, "big": 2**64 - 1, "updated_at": "soon"}
    event = replace(samples.event("custom.thing", odd), created_at="0001-01-01T00:00:00+14:00")

    assert await EventRows(database).record([event, samples.event("custom.thing", {"id": 3})]) == {}

    (row,) = [each for each in await rows(database) if each["event_id"] == event.event_id]
    assert row["data"] == {**{name: odd[name] for name in odd if name != "s\x00"}, "s": "ab"}
    assert json.loads(row["original"]) == odd
    assert not {"created_at", "updated_at", "person_id", "resource_id"} & row.keys()
    assert ["original" in each for each in await rows(database)].count(True) == 1


async def test_the_page_deletes_old_events(database: Database) -> None:
    """What was received before the day is gone, and what was received at its beginning or later is there."""
    (block,) = (each for each in blocks("docs/handlers.md", "sql") if "received_at" in each.text)
    day = datetime(2026, 4, 1, tzinfo=UTC)
    times = {
        "before": datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=UTC),
        "then": day,
        "later": RECEIVED.replace(year=2027),
    }
    await EventRows(database).record([samples.person(event_id=name, received_at=at) for name, at in times.items()])

    async with database.transaction() as connection:
        await connection.execute(text(block.text.strip().removesuffix(";")))

    assert [row["event_id"] for row in await rows(database)] == ["later", "then"]


async def test_a_missing_table_pauses_the_group(empty_database_url: str) -> None:
    """A worker that starts before the migration loses no event to dead letters."""
    engine = create_engine(empty_database_url)

    (failure,) = (await EventRows(Database(engine)).record([samples.person()])).values()
    await migrate(engine)

    assert isinstance(failure, Unavailable)
    assert await EventRows(Database(engine)).record([samples.person()]) == {}

    await engine.dispose()
