"""Contacts of which an event says only a part, or whose times cannot be right."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from salesloft_webhooks.handlers.builtin.crm.sql import SqlContacts
from salesloft_webhooks.handlers.database.transactions import Database
from salesloft_webhooks.timestamps import CLOCK_TOLERANCE
from tests.integration.handlers.builtin.test_crm_sql import contact
from tests.support import samples

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)


def said(minute: int, event_type: str = "person.updated", **data: Any) -> Event:
    """An event that says nothing about the person but this."""
    moment = (NOON + timedelta(minutes=minute)).isoformat()
    received_at = NOON + timedelta(minutes=minute, seconds=1)
    known = {"id": samples.PERSON_ID, "person_id": samples.PERSON_ID}
    return samples.event(event_type, {**known, **data}, created_at=moment, received_at=received_at)


async def test_a_thin_deletion_keeps_what_is_known(database: Database) -> None:
    """A deleted object may be nothing but its id; whom it was about stays known."""
    backend = SqlContacts(database)
    await backend.save(contact_of(samples.person()))
    before = await contact(database)

    await backend.save(contact_of(said(1, "person.deleted")))

    after = await contact(database)
    assert after["deleted_at"] == after["updated_at"] == NOON + timedelta(minutes=1)
    unchanged = set(before) - {"deleted_at", "updated_at"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


async def test_a_partial_update_touches_what_it_names(database: Database) -> None:
    """Also where it says null; in one batch with whole ones too."""
    backend = SqlContacts(database)
    await backend.save(contact_of(samples.person()))

    await backend.save(contact_of(said(1, title=None, phone="1")))
    await backend.save(contact_of(said(2, owner=None)))

    row = await contact(database)
    assert (row["title"], row["phone"], row["owner_id"]) == (None, "1", None)
    assert (row["first_name"], row["email_address"]) == ("Robin", "robin.sample@example.com")


async def test_a_batch_may_say_different_things_of_different_people(database: Database) -> None:
    """Each row of a statement has its own set of columns."""
    backend = SqlContacts(database)
    await backend.save(contact_of(samples.person()))
    whole = contact_of(samples.person(data={"id": 1, "person_id": 1}))

    outcomes = await backend._write([whole, contact_of(said(1, title="new")), contact_of(said(2, phone="2"))])

    assert outcomes == [None, None, None]
    async with database.transaction() as connection:
        rows = (
            await connection.exec_driver_sql("SELECT title, phone, first_name FROM contacts ORDER BY person_id")
        ).all()
    assert [tuple(row) for row in rows] == [
        ("Sales Development Representative", "+1 444 555 6666", "Robin"),
        ("new", "2", "Robin"),
    ]


async def test_a_person_that_is_saved_again_is_not_deleted_any_more(database: Database) -> None:
    """Only by a newer version."""
    backend = SqlContacts(database)
    await backend.save(contact_of(said(1, "person.deleted")))
    await backend.save(contact_of(said(0, first_name="Robin")))
    assert (await contact(database))["deleted_at"] is not None

    await backend.save(contact_of(said(2, first_name="Robin")))

    assert (await contact(database))["deleted_at"] is None


@pytest.mark.parametrize("wrong", ["2099-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-12:00", 4_000_000_000])
async def test_a_version_in_the_future_freezes_nobody(database: Database, wrong: object) -> None:
    """A time that had not come when the event was received is replaced by the one of its receipt."""
    backend = SqlContacts(database)
    await backend.save(contact_of(said(1, updated_at=wrong, title="from the future")))
    assert (await contact(database))["title"] == "from the future"

    await backend.save(contact_of(said(2, updated_at=(NOON + timedelta(minutes=2)).isoformat(), title="real")))

    assert (await contact(database))["title"] == "real"


async def test_a_bounce_in_the_future_hides_no_other(database: Database) -> None:
    """The time of a bounce is a sender's too."""
    backend = SqlContacts(database)
    for created_at, address in (("2099-01-01T00:00:00Z", "a@example.com"), ("2026-03-07T13:00:00Z", "b@example.com")):
        event = samples.email(
            "email.bounced",
            data={"recipient_email_address": address},
            created_at=created_at,
            received_at=NOON + timedelta(hours=1 if address[0] == "b" else 0),
        )
        await backend.mark_bounced(bounce_of(event))

    assert (await contact(database))["bounced_address"] == "b@example.com"


AHEAD = NOON + CLOCK_TOLERANCE - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("written", "version"),
    [
        (int(NOON.timestamp()), NOON),
        (int(NOON.timestamp() * 1000), NOON),
        (str(int(NOON.timestamp())), NOON),
        (format_datetime(NOON), NOON),
        (format_datetime(NOON, usegmt=True), NOON),
        ("2026-03-07 13:00:00+01:00", NOON),
        (AHEAD.isoformat(), AHEAD),
        ("last Tuesday", NOON + timedelta(minutes=1, seconds=1)),
        (None, NOON + timedelta(minutes=1)),
        ("0001-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
    ids=["seconds", "milliseconds", "digits", "rfc-2822", "gmt", "blank", "ahead", "unreadable", "none", "ancient"],
)
def test_versions_are_read_in_every_form(written: object, version: datetime) -> None:
    """SalesLoft's clock if the event states it in any readable way, the store's if it states nonsense."""
    assert contact_of(said(1, updated_at=written)).updated_at == version
