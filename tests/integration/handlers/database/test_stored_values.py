"""What JSON can carry and databases cannot store is made storable, the same on both engines."""

from typing import Any

import pytest
from sqlalchemy import func, select

from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.handlers.builtin.activity import ActivityLog, row_of
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from salesloft_webhooks.handlers.builtin.crm.sql import SqlContacts
from salesloft_webhooks.handlers.database.schema import activities, contacts
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support import samples
from tests.support.recorded_activity import record

HALF = "\ud83d"
"""Half of a surrogate pair, as a program makes it that cuts text in the middle of an emoji."""


async def the_row(database: Database, table: Any) -> dict[str, Any]:
    """The one row of a table."""
    async with database.transaction() as connection:
        return dict((await connection.execute(select(table))).mappings().one())


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a\x00b", "ab"),
        (f"a{HALF}b", "a\ufffdb"),
        ("\U0001f600", "\U0001f600"),
        ({"\x00k\x00": ["\x00", {HALF: "\x00"}]}, {"k": ["", {"\ufffd": ""}]}),
        (2**70, 2**70),
        (-(10**100), -(10**100)),
        (1.25e-7, 1.25e-7),
        (float("nan"), None),
        ([float("inf"), -float("inf"), 1.5], [None, None, 1.5]),
        ("\\u0000", "\\u0000"),
        ("x" * 100_000, "x" * 100_000),
    ],
    ids=["nul", "surrogate", "emoji", "names", "bigint", "digits", "float", "nan", "infinity", "spelt-out", "long"],
)
async def test_details_are_stored_and_can_be_queried(database: Database, value: Any, stored: Any) -> None:
    """A query into the column works for every row, whatever was in it."""
    event = samples.email()
    vars(event)["data"] = {**event.data, "subject": value}

    await record(ActivityLog(database), event)

    assert (await the_row(database, activities))["details"]["subject"] == stored
    async with database.transaction() as connection:
        subject = activities.c.details["subject"]
        await connection.execute(select(subject.as_string(), func.count()).group_by(subject.as_string()))


@pytest.mark.parametrize("text", ["robin\x00@example.com", f"robin{HALF}@example.com"], ids=["nul", "surrogate"])
async def test_an_address_is_stored(database: Database, text: str) -> None:
    """Of a person, of a bounce, and where both are the same they stay the same."""
    backend = SqlContacts(database)
    person, bounce = samples.person(), samples.email("email.bounced")
    vars(person)["data"] = {**person.data, "email_address": text, "title": text}
    vars(bounce)["data"] = {**bounce.data, "recipient_email_address": text}

    await backend.mark_bounced(bounce_of(bounce))
    await backend.save(contact_of(person))

    row = await the_row(database, contacts)
    assert row["email_address"] == row["title"] == row["bounced_address"]
    assert "\x00" not in row["email_address"]
    assert row["email_invalid"]


async def test_an_event_id_is_stored(database: Database) -> None:
    """Whatever a sender makes of it; long ones that differ only at their end are two rows, on both engines."""
    log = ActivityLog(database)

    for event_id in ("a\x00b", f"c{HALF}", "x" * 600 + "1", "x" * 600 + "2", "x" * 600 + "2"):
        await record(log, samples.email(event_id=event_id, event_type="email." + "o" * 200))

    async with database.transaction() as connection:
        rows = (await connection.execute(select(activities.c.event_id, activities.c.event_type))).all()
    assert sorted(len(row.event_id) for row in rows) == [2, 2, 512, 512]
    assert {len(row.event_type) for row in rows} == {128}


async def test_text_that_is_too_long_is_cut_on_both_engines(database: Database) -> None:
    """An address is cut where its column ends, other text is kept whole; the row is stored either way."""
    person = samples.person(data={"email_address": "x" * 1000, "title": "y" * 10_000})

    await SqlContacts(database).save(contact_of(person))

    row = await the_row(database, contacts)
    assert (len(row["email_address"]), len(row["title"])) == (320, 10_000)


@pytest.mark.parametrize("person_id", [2**63, 2**70])
async def test_a_number_beyond_its_column_is_the_events_own_fault(database: Database, person_id: int) -> None:
    """The dialects let none through; should one come, it is one dead letter and not a pause of the group."""
    rows = [{**row_of(samples.email()), "person_id": person_id}, row_of(samples.email())]

    outcomes = await ActivityLog(database)._write(rows)

    assert isinstance(outcomes[0], PermanentError)
    assert outcomes[1] is None
