"""Accounts, cadences, notes and tasks as rows: the newest version of each, whatever comes in which order."""

import asyncio
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from salesloft_webhooks.dialects.names import KNOWN_EVENT_TYPES
from salesloft_webhooks.errors import PermanentError, Unavailable
from salesloft_webhooks.handlers.builtin.tables.resource_rows import ResourceRows
from salesloft_webhooks.handlers.builtin_groups import TABLES
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import migrate
from salesloft_webhooks.handlers.database.resource_tables import RESOURCE_TABLES
from salesloft_webhooks.handlers.database.transactions import Database
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.integration.handlers.builtin.table_rows import RECEIVED, at, rows, save
from tests.support import samples


async def test_a_task_becomes_a_row(database: Database, settings: Settings) -> None:
    """The built-in group stores each field in a column of its type, and what it does not know beside them."""
    group = load_group("tables", (), settings)

    async with group.open(settings) as running:
        await running.handle(at(1))

    assert await rows(database) == [
        {
            "id": 31,
            "updated_at": datetime(2026, 3, 7, 9, 1, tzinfo=UTC),
            "created_at": datetime(2026, 3, 7, 8, 0, 0, 1, tzinfo=UTC),
            "person_id": 7,
            "user_id": 51550,
            "subject": "version 1",
            "due_date": "2026-03-09",
            "current_state": "scheduled",
            "others": {"expires_after": "a field nobody has published"},
        }
    ]


async def test_each_kind_has_its_table(database: Database) -> None:
    """References are their ids, texts, flags and JSON what they are; a note's person is whom it is associated with."""
    account = {
        "id": 1,
        "name": "Acme",
        "owner": {"id": 5},
        "do_not_contact": False,
        "tags": ["a"],
        "counts": {"people": 3},
    }
    cadence = {"id": 2, "name": "Outbound", "team_cadence": True, "groups": [{"_href": "x", "id": 9}]}
    note = {"id": 3, "content": "met", "associated_type": "person", "associated_with": {"id": 7}, "call": {"id": 8}}

    await save(
        database,
        samples.event("account.created", {"person_id": None, **account}),
        samples.event("cadence.updated", {"person_id": None, **cadence}),
        samples.event("note.created", {"person_id": 7, **note}),
    )

    def known(row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value for name, value in row.items() if name != "updated_at"}

    assert [known(row) for row in await rows(database, "account")] == [
        {"id": 1, "name": "Acme", "owner_id": 5, "do_not_contact": False, "tags": ["a"], "counts": {"people": 3}}
    ]
    assert [known(row) for row in await rows(database, "cadence")] == [cadence]
    assert [known(row) for row in await rows(database, "note")] == [
        {"id": 3, "content": "met", "associated_type": "person", "associated_with_id": 7, "call_id": 8, "person_id": 7}
    ]


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])), ids=str)
async def test_the_newest_version_wins_in_any_order(database: Database, order: tuple[int, ...]) -> None:
    """However versions arrive, one after the other or again, the newest is what remains."""
    for minute in (*order, *order):
        await save(database, at(minute))

    assert [row["subject"] for row in await rows(database)] == ["version 3"]


async def test_versions_in_one_batch_and_from_several_workers_end_at_the_newest(database: Database) -> None:
    """Fifty versions of two tasks handled at once by three writers leave the newest of each, without a deadlock."""
    writers = [ResourceRows(database) for _ in range(3)]
    events = [at(minute, id=own) for minute in range(50, 0, -1) for own in (31, 32)]

    failures = await asyncio.gather(*(writer.save(some) for writer in writers for some in (events, events[::-1])))

    assert [dict(each) for each in failures] == [{}] * 6
    assert [row["subject"] for row in await rows(database)] == ["version 50"] * 2


@pytest.mark.parametrize("late", [1, 2], ids=["older", "as-old"])
async def test_a_deletion_is_marked_and_no_late_update_takes_it_back(database: Database, late: int) -> None:
    """The row stays, with what it held; a newer version takes the mark back."""
    await save(database, at(2, "task.deleted"))

    await save(database, at(late))
    (deleted,) = await rows(database)
    await save(database, at(3))

    assert deleted["deleted_at"] == deleted["updated_at"] == datetime(2026, 3, 7, 9, 2, tzinfo=UTC)
    assert "deleted_at" not in (await rows(database))[0]


async def test_only_what_an_event_says_anything_about_is_changed(database: Database) -> None:
    """A deletion may carry nothing but an id; null empties a column; unknown fields that are not stated stay."""
    await save(database, at(1))
    bare = {"id": 31, "person_id": None, "updated_at": "2026-03-07T09:02:00Z"}

    await save(database, samples.event("task.deleted", {**bare, "due_date": None}, received_at=RECEIVED))

    (row,) = await rows(database)
    assert (row["subject"], row["user_id"], row["person_id"]) == ("version 1", 51550, 7)
    assert row["others"] == {"expires_after": "a field nobody has published"}
    assert "due_date" not in row
    assert row["deleted_at"] == datetime(2026, 3, 7, 9, 2, tzinfo=UTC)


async def test_what_has_no_id_fails_alone(database: Database) -> None:
    """It is a permanent error of its own; its neighbours in the batch are stored."""
    nameless = samples.event("task.updated", {"id": None, "person_id": None})

    failures = await ResourceRows(database).save([at(1), nameless, at(1, id=32)])

    assert {own: type(each) for own, each in failures.items()} == {nameless.event_id: PermanentError}
    assert [row["id"] for row in await rows(database)] == [31, 32]
    assert isinstance((await ResourceRows(database).save([nameless]))[nameless.event_id], PermanentError)


async def test_two_sources_events_of_one_id_are_two_rows(database: Database) -> None:
    """Each source counts for itself, and what is done is there."""
    one, other = (samples.event("task.created", {"id": own}, event_id="1", source=f"s{own}") for own in (1, 2))

    assert await ResourceRows(database).save([one, other]) == {}

    assert [row["id"] for row in await rows(database)] == [1, 2]


async def test_missing_tables_pause_the_group(empty_database_url: str) -> None:
    """A worker that starts before the migration waits for it, and loses no event to dead letters."""
    engine = create_engine(empty_database_url)

    with pytest.raises(Unavailable):
        await save(Database(engine), at(1))
    await migrate(engine)
    await save(Database(engine), at(1))

    await engine.dispose()


def test_the_group_takes_every_event_of_its_kinds() -> None:
    """Each that SalesLoft sends about an account, a cadence, a note or a task, and no other."""
    kinds = {event_type for event_type in KNOWN_EVENT_TYPES if event_type.partition(".")[0] in RESOURCE_TABLES}

    assert set(TABLES.event_types) == kinds
