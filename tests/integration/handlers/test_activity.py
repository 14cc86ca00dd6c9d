"""The `activity` group writes one row per event, whatever happens to the attempt."""

import asyncio

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.handlers.activity import ActivityLog
from salesloft_webhooks.handlers.database import Database
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.handlers.schema import activities
from salesloft_webhooks.settings import Settings
from tests import samples


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
    await ActivityLog(database).record(event)
    before = await rows(database)

    await ActivityLog(database).record(event)

    assert await rows(database) == before
    assert len(before) == 1


async def test_rows_of_concurrent_attempts_share_transactions(database: Database) -> None:
    """200 concurrent events take two commits, not 200: one for the first come, one for all who waited."""
    commits: list[object] = []
    sqlalchemy_event.listen(database.engine.sync_engine, "commit", commits.append)
    log = ActivityLog(database)

    await asyncio.gather(*(log.record(samples.email()) for _ in range(200)))

    assert len(await rows(database)) == 200
    assert len(commits) <= 3, "two for the rows, one for looking"


async def test_a_row_that_cannot_be_stored_fails_alone(database: Database) -> None:
    """An event the database refuses is a permanent error of its own; its neighbours in the batch are stored."""
    log = ActivityLog(database)
    bad = samples.email()
    vars(bad)["happened_at"] = None  # no delivery can do this; it breaks a constraint that both databases check

    outcomes = await asyncio.gather(
        *(log.record(event) for event in (samples.email(), bad, samples.email())), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [type(None), PermanentError, type(None)]
    assert len(await rows(database)) == 2
