"""Contacts in SQL: the newest version wins, decided by the statement itself."""

import asyncio
import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from salesloft_webhooks import Event
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from salesloft_webhooks.handlers.builtin.crm.sql import SqlContacts
from salesloft_webhooks.handlers.database.schema import contacts
from salesloft_webhooks.handlers.database.transactions import Database
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.support import samples


async def contact(database: Database) -> dict[str, Any]:
    """The one row of the table."""
    async with database.transaction() as connection:
        return dict((await connection.execute(select(contacts))).mappings().one())


def version(minute: int, event_type: str = "person.updated", **data: Any) -> Event:
    """A person's version of a certain minute, named after it."""
    updated_at = f"2026-03-07T04:{minute:02}:00.000000-05:00"
    changed = {"updated_at": updated_at, "title": f"version {minute}", **data}
    return samples.person(event_type, data=changed, received_at=datetime(2026, 3, 7, 10, tzinfo=UTC))


async def apply(backend: SqlContacts, event: Event) -> None:
    """What the handlers do with an event."""
    if event.event_type == "email.bounced":
        await backend.mark_bounced(bounce_of(event))
    else:
        await backend.save(contact_of(event))


async def test_a_person_becomes_a_contact(database: Database, settings: Settings) -> None:
    """The built-in group stores the fields of the person."""
    async with load_group("crm", (), settings).open(settings) as running:
        await running.handle(samples.person("person.created"))

    row = await contact(database)
    assert (row["person_id"], row["email_address"], row["company"], row["owner_id"]) == (
        samples.PERSON_ID,
        "robin.sample@example.com",
        "Example Corp",
        samples.USER_ID,
    )
    assert row["deleted_at"] is None
    assert not row["email_invalid"]


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])), ids=str)
async def test_the_newest_version_wins_in_any_order(database: Database, order: tuple[int, ...]) -> None:
    """However versions arrive, one after the other or again, the newest is what remains."""
    backend = SqlContacts(database)

    for minute in (*order, *order):
        await apply(backend, version(minute))

    assert (await contact(database))["title"] == "version 3"


async def test_versions_in_one_batch_and_from_several_workers_end_at_the_newest(database: Database) -> None:
    """Fifty versions handled at once by three writers leave the newest."""
    backends = [SqlContacts(database) for _ in range(3)]

    await asyncio.gather(*(apply(backend, version(minute)) for minute in range(50, 0, -1) for backend in backends))

    assert (await contact(database))["title"] == "version 50"


@pytest.mark.parametrize("late", [1, 2], ids=["older", "as-old"])
async def test_a_deleted_contact_is_not_brought_back_by_a_late_update(database: Database, late: int) -> None:
    """After a deletion neither an older update nor one of the same moment has any effect."""
    backend = SqlContacts(database)
    await apply(backend, version(2, "person.deleted"))

    await apply(backend, version(late))

    assert (await contact(database))["deleted_at"] is not None


async def test_a_deletion_wins_over_an_update_of_the_same_moment(database: Database) -> None:
    """The deleted object carries the time of its last update, and is deleted all the same."""
    backend = SqlContacts(database)
    await apply(backend, version(2))

    await apply(backend, version(2, "person.deleted"))

    assert (await contact(database))["deleted_at"] is not None


BOUNCE = samples.email("email.bounced", data={"recipient_email_address": "Robin.Sample@example.com"})


@pytest.mark.parametrize(
    "events", list(itertools.permutations([BOUNCE, version(5)])), ids=["bounce-first", "person-first"]
)
async def test_a_bounced_address_is_invalid_in_either_order(database: Database, events: tuple[Event, ...]) -> None:
    """It makes no difference whether the bounce or the person is handled first, nor how the address is written."""
    backend = SqlContacts(database)

    for event in events:
        await apply(backend, event)

    row = await contact(database)
    assert row["email_invalid"]
    assert row["title"] == "version 5"


async def test_a_new_address_is_valid_again(database: Database) -> None:
    """The mark belongs to the address, not to the person."""
    backend = SqlContacts(database)
    await apply(backend, version(1))
    await apply(backend, BOUNCE)

    await apply(backend, version(2, email_address="robin@example.org"))

    assert not (await contact(database))["email_invalid"]


async def test_a_bounce_without_an_address_means_the_present_one(database: Database) -> None:
    """An envelope may name only the person."""
    backend = SqlContacts(database)
    await apply(backend, version(1))

    await apply(backend, samples.event("email.bounced", {"person_id": samples.PERSON_ID}))

    assert (await contact(database))["email_invalid"]
