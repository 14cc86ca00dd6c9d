"""Accounts, cadences, notes and tasks as rows: what is stored of which value, and how it is erased."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text

from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.sql import SqlContacts
from salesloft_webhooks.handlers.builtin.raw_events import EventRows
from salesloft_webhooks.handlers.database.resource_tables import RESOURCE_TABLES
from salesloft_webhooks.handlers.database.schema import metadata
from salesloft_webhooks.handlers.database.transactions import Database
from tests.integration.handlers.builtin.table_rows import RECEIVED, TASK, at, rows, save
from tests.support import samples
from tests.support.documents import blocks
from tests.support.recorded_activity import record

ODD: dict[str, Any] = {
    "subject": "\x00 nul",
    "description": "x" * 100_000,
    "user": {"_href": "x", "id": 2**70},
    "completed_by": "nobody",
    "created_at": "0001-01-01T00:00:00+14:00",
    "due_at": "some day",
    "current_state": {"deep": [[[{"\x00": 1}]]]},
    "updated_at": "yesterday",
}


async def test_odd_data_is_stored(database: Database) -> None:
    """NUL, numbers and times beyond every column and wrong types are no dead letter."""
    await save(database, at(1, **ODD))

    (row,) = await rows(database)
    assert (row["subject"], len(row["description"])) == (" nul", 100_000)
    assert row["updated_at"] == RECEIVED
    assert not {"user_id", "completed_by_id", "created_at", "due_at", "current_state"} & row.keys()
    assert row["others"] == {
        **{name: ODD[name] for name in ("user", "completed_by", "created_at", "due_at", "updated_at")},
        "current_state": {"deep": [[[{"": 1}]]]},
        "expires_after": "a field nobody has published",
    }


async def test_a_time_before_every_calendar_is_among_the_others(database: Database) -> None:
    """It has a zone and can be read, and is in no year when it is in UTC."""
    before = "0001-01-01T00:00:00+14:00"

    await save(database, at(1, due_at=before))

    (row,) = await rows(database)
    assert "due_at" not in row
    assert row["others"]["due_at"] == before


async def test_a_version_in_the_future_freezes_nothing(database: Database) -> None:
    """A wrong clock counts as of the receipt, so the next version wins."""
    await save(database, at(1, updated_at="2099-01-01T00:00:00Z"))

    later = samples.event("task.updated", {**TASK, "subject": "next"}, received_at=datetime(2026, 3, 8, tzinfo=UTC))
    vars(later)["data"] = {**later.data, "updated_at": "2026-03-07T23:00:00Z"}
    await save(database, later)

    assert (await rows(database))[0]["subject"] == "next"


async def test_what_no_longer_fits_leaves_no_old_value(database: Database) -> None:
    """A column holds the newest version or nothing: what does not fit is among the others, nobody is null."""
    await save(database, at(1))

    await save(database, at(2, current_state={"name": "completed"}, user={"_href": None, "id": None}))

    (row,) = await rows(database)
    assert not {"current_state", "user_id"} & row.keys()
    assert row["others"]["current_state"] == {"name": "completed"}
    assert "user" not in row["others"]


async def test_others_are_of_the_newest_version(database: Database) -> None:
    """A whole event empties what it does not have any more; one with a few fields leaves what it does not name."""
    await save(database, at(1, user={"id": 2**70}))
    await save(database, samples.event("task.updated", _at_two({"id": 31, "subject": "few"}), received_at=RECEIVED))
    (few,) = await rows(database)
    whole = {name: value for name, value in at(3).data.items() if name != "expires_after"}

    await save(database, samples.event("task.updated", whole, received_at=RECEIVED))

    assert few["subject"] == "few"
    assert few["others"] == {"user": {"id": 2**70}, "expires_after": "a field nobody has published"}
    (row,) = await rows(database)
    assert row["user_id"] == 51550
    assert "others" not in row


def _at_two(data: dict[str, Any]) -> dict[str, Any]:
    return {"person_id": None, "updated_at": "2026-03-07T04:02:00-05:00", **data}


async def test_a_note_that_does_not_say_whose_it_is_keeps_its_person(database: Database) -> None:
    """`associated_with` alone says nothing of a person; with another type it says that there is none."""
    note = {"id": 3, "content": "met", "associated_with": {"id": 7}}
    times = [f"2026-03-07T04:0{minute}:00-05:00" for minute in range(1, 4)]

    async def person_after(data: dict[str, Any]) -> Any:
        await save(database, samples.event("note.updated", data, received_at=RECEIVED))
        return (await rows(database, "note"))[0].get("person_id")

    stated = {**note, "person_id": 7, "associated_type": "person", "updated_at": times[0]}
    assert await person_after(stated) == 7
    assert await person_after({**note, "person_id": None, "updated_at": times[1]}) == 7
    of_account = {**note, "person_id": None, "associated_type": "account", "updated_at": times[2]}
    assert await person_after(of_account) is None


async def test_a_person_who_is_no_number_is_among_the_others(database: Database) -> None:
    """Nothing that an event says is nowhere."""
    await save(database, at(1, person={"uuid": "x", "id": None}, person_id=None))

    (row,) = await rows(database)
    assert "person_id" not in row
    assert row["others"]["person"] == {"uuid": "x", "id": None}


async def test_references_as_relays_write_them_are_understood(database: Database) -> None:
    """A plain number, or flat; neither is left among the others."""
    await save(
        database, samples.event("account.updated", {"id": "4", "person_id": None, "owner_id": "5", "creator": 6})
    )

    (row,) = await rows(database, "account")
    assert (row["id"], row["owner_id"], row["creator_id"]) == (4, 5, 6)
    assert "others" not in row


async def test_others_are_null_and_not_jsons_null(database: Database) -> None:
    """`WHERE others IS NULL` finds the rows that have none."""
    await save(database, samples.event("account.updated", {"id": 1, "person_id": None}))

    async with database.transaction() as connection:
        found = await connection.execute(
            text("SELECT count(*) FROM salesloft_accounts WHERE others IS NULL AND tags IS NULL")
        )
    assert found.scalar() == 1


async def test_the_page_erases_a_person_from_every_table(database: Database) -> None:
    """Its statements leave no row and no column with the person's id, in any table, and everybody else as they are."""
    (block,) = (each for each in blocks("docs/handlers.md", "sql") if "received_at" not in each.text)
    for person in (samples.PERSON_ID, 7):
        named = {"person_id": person, "id": person}
        about = {"id": person, "person_id": person, "associated_type": "Person", "associated_with": {"id": person}}
        await record(ActivityLog(database), samples.email(data={"person_id": person, "recipient": {"id": person}}))
        await SqlContacts(database).save(contact_of(samples.person(data=named)))
        await EventRows(database).record([samples.person(data=named)])
        await save(
            database,
            at(1, id=person, person_id=person, person={"id": person}),
            samples.event("note.created", about),
            samples.event("note.created", {**about, "id": person + 1}),
            samples.event(
                "account.updated", {"id": person, "person_id": None, "last_contacted_person": {"id": person}}
            ),
        )
    wanted = {each for table in metadata.tables.values() for each in table.columns if each.name.endswith("person_id")}

    async def bearing(person: int) -> set[str]:
        async with database.transaction() as connection:
            counts = {
                f"{each.table.name}.{each.name}": await connection.scalar(
                    select(func.count()).select_from(each.table).where(each == person)
                )
                for each in wanted
            }
        return {name for name, count in counts.items() if count}

    before = await bearing(samples.PERSON_ID)
    async with database.transaction() as connection:
        # As rows are that came when nobody could tell that it was a person.
        notes = RESOURCE_TABLES["note"].table
        await connection.execute(notes.update().where(notes.c.id == samples.PERSON_ID + 1).values(person_id=None))
        for statement in filter(str.strip, block.text.split(";")):
            await connection.execute(text(statement))

    assert before == {f"{each.table.name}.{each.name}" for each in wanted}
    assert await bearing(samples.PERSON_ID) == set()
    assert [row["id"] for row in await rows(database, "note")] == [7, 8]
    assert await bearing(7) == before
