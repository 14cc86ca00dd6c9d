"""The `activity` group writes one row per event, whatever happens to the attempt."""

import asyncio
import sys

from sqlalchemy import Engine, select
from sqlalchemy import event as sqlalchemy_event

from salesloft_webhooks.dialects.names import KNOWN_EVENT_TYPES
from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.builtin_groups import ACTIVITY
from salesloft_webhooks.handlers.database.schema import activities
from salesloft_webhooks.handlers.database.transactions import Database
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.recorded_activity import record


async def rows(database: Database) -> list[dict[str, object]]:
    """The table's rows, by event id."""
    async with database.transaction() as connection:
        result = await connection.execute(select(activities).order_by(activities.c.event_id))
        return [dict(row) for row in result.mappings()]


async def test_an_event_becomes_a_row_with_its_person_rep_time_and_selected_fields(
    database: Database, settings: Settings
) -> None:
    """What the built-in group writes is what the event said, and no mail body or address."""
    event = samples.email("email.opened", event_id="email.opened/812345678/1")
    group = load_group("activity", (), settings)

    async with group.open(settings) as running:
        await running.handle(event)

    assert await rows(database) == [
        {
            "event_id": "email.opened/812345678/1",
            "event_type": "email.opened",
            "person_id": samples.PERSON_ID,
            "user_id": samples.USER_ID,
            "resource_id": 812345678,
            "occurred_at": event.happened_at,
            "received_at": event.received_at,
            "details": {
                "status": "sent",
                "subject": "Hello",
                "counts": {"clicks": 0, "views": 1, "replies": 0},
                "cadence": 500,
            },
        }
    ]


async def test_handling_an_event_again_changes_nothing(database: Database) -> None:
    """The second INSERT of an event id is a no-op in the database, even from another process's connections."""
    event = samples.email()
    await record(ActivityLog(database), event)
    before = await rows(database)

    await record(ActivityLog(database), event)

    assert await rows(database) == before
    assert len(before) == 1


async def test_rows_of_concurrent_attempts_share_transactions(database: Database, settings: Settings) -> None:
    """200 events that a worker runs at once are batches of 50, its concurrency: four commits at most, not 200."""
    commits: list[object] = []
    count = commits.append
    sqlalchemy_event.listen(Engine, "commit", count)
    group = load_group("activity", (), settings)

    try:
        async with group.open(settings) as running:
            await asyncio.gather(*(running.handle(samples.email()) for _ in range(200)))
    finally:
        sqlalchemy_event.remove(Engine, "commit", count)

    assert len(await rows(database)) == 200
    assert len(commits) <= 4


ODD = {
    "id": 2**70,
    "person_id": "17",
    "user": None,
    "subject": "\x00 \ud7ff \U0001f600" + "x" * 100_000,
    "counts": {"views": 10**30, "deep": [[[[{}]]]]},
    "cadence": {"_href": "x", "id": 2**70},
    "updated_at": "yesterday",
}


async def test_odd_data_is_recorded(database: Database) -> None:
    """Numbers beyond every integer column, NUL, long texts and unreadable times are no reason for a dead letter."""
    await record(ActivityLog(database), samples.email(data=ODD, created_at="?"))

    (row,) = await rows(database)
    assert (row["person_id"], row["resource_id"]) == (17, None)
    assert row["details"] == {
        "status": "sent",
        "subject": str(ODD["subject"]).replace("\x00", ""),
        "counts": ODD["counts"],
        "cadence": 2**70,
    }


def test_the_group_takes_events_that_exist() -> None:
    """Every name is one that SalesLoft sends or the dialect derives."""
    assert set(ACTIVITY.event_types) <= KNOWN_EVENT_TYPES


WRITER = """
import asyncio, sys
from salesloft_webhooks.dialects.names import KNOWN_EVENT_TYPES
from salesloft_webhooks.handlers.builtin_groups import ACTIVITY
from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support import samples
from tests.support.recorded_activity import record

async def main():
    log = ActivityLog(Database(create_engine(sys.argv[1])))
    for batch in range(20):
        await asyncio.gather(*(record(log, samples.email(event_id=f"{batch}/{number}")) for number in range(10)))

asyncio.run(main())
"""


async def test_several_processes_write_the_same_rows_at_once(database: Database) -> None:
    """Four workers that handle the same 200 events leave 200 rows and no error, in one SQLite file too."""
    url = database.engine.url.render_as_string(hide_password=False)

    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, url) for _ in range(4)]

    assert [await process.wait() for process in processes] == [0] * 4
    assert len(await rows(database)) == 200


async def test_a_row_that_cannot_be_stored_fails_alone(database: Database) -> None:
    """An event the database refuses is a permanent error of its own; its neighbours in the batch are stored."""
    log = ActivityLog(database)
    bad = samples.email()
    vars(bad)["happened_at"] = None  # no delivery can do this; it breaks a constraint that both databases check

    outcomes = await asyncio.gather(
        *(record(log, event) for event in (samples.email(), bad, samples.email())), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [type(None), PermanentError, type(None)]
    assert len(await rows(database)) == 2
