"""Contacts in the table `contacts` of the configured database, each in its newest version (`versioned_rows`).

Bounces are kept beside the version, in the same row.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import func, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from salesloft_webhooks.handlers.batching import Batcher, Outcomes
from salesloft_webhooks.handlers.builtin.crm.contacts import FIELDS, Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity
from salesloft_webhooks.handlers.database.resource_versions import UNKNOWN_VERSION
from salesloft_webhooks.handlers.database.schema import contacts
from salesloft_webhooks.handlers.database.transactions import Database, open_database, write_rows
from salesloft_webhooks.handlers.database.versioned_rows import save_newest, states
from salesloft_webhooks.settings import Settings

ROWS_PER_TRANSACTION = 500


class SqlContacts:
    """The `sql` back end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._save = save_newest(database, contacts, ("owner_id", *FIELDS))
        self._mark = _mark_statement(database)
        self._changes: Batcher[Contact | Bounce] = Batcher(self._write, limit=ROWS_PER_TRANSACTION)

    async def check_ready(self) -> None:
        """See `Database.check_ready`."""
        await self._database.check_ready(contacts)

    async def save(self, contact: Contact) -> None:
        """Create or change the row, unless it holds a newer version; a deletion sets `deleted_at` and keeps it."""
        await self._write_one(contact)

    async def mark_bounced(self, bounce: Bounce) -> None:
        """Remember the bounced address, unless a later bounce is remembered; the column `email_invalid` follows."""
        await self._write_one(bounce)

    async def log(self, activity: LoggedActivity) -> None:
        """Nothing: here the group `activity` does that, and the configuration takes no `log`."""

    async def _write_one(self, change: Contact | Bounce) -> None:
        async with self._database.within_answer_time():
            await self._changes.write(change)

    async def _write(self, changes: Sequence[Contact | Bounce]) -> Outcomes:
        return await write_rows(self._database, self._execute, changes)

    async def _execute(self, connection: AsyncConnection, changes: Sequence[Contact | Bounce]) -> None:
        # In one order everywhere: two processes that lock the same rows crosswise would deadlock.
        for kind, statement in ((Contact, self._save), (Bounce, self._mark)):
            rows = [_row(change) for change in changes if isinstance(change, kind)]
            if rows:
                await connection.execute(statement, sorted(rows, key=lambda row: row["person_id"]))


def _row(change: Contact | Bounce) -> dict[str, Any]:
    if isinstance(change, Bounce):
        return {
            "person_id": change.person_id,
            "updated_at": UNKNOWN_VERSION,
            "email_address": change.email_address,
            "bounced_address": change.email_address,
            "bounced_at": change.bounced_at,
        }
    return {
        "person_id": change.person_id,
        "updated_at": change.updated_at,
        "deleted_at": change.updated_at if change.deleted else None,
        "owner_id": change.owner_id,
        **{name: change.fields.get(name) for name in FIELDS},
        **{states(name): name in change.fields for name in FIELDS},
        states("owner_id"): change.states_owner,
    }


def _mark_statement(database: Database) -> Any:
    insert = database.insert(contacts)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[contacts.c.person_id],
        set_={
            "bounced_address": func.coalesce(new.bounced_address, contacts.c.email_address),
            "bounced_at": new.bounced_at,
        },
        where=or_(contacts.c.bounced_at.is_(None), contacts.c.bounced_at <= new.bounced_at),
    )


@asynccontextmanager
async def open_sql_contacts(settings: Settings) -> AsyncIterator[SqlContacts]:
    """The back end with its database, for as long as the context lasts."""
    async with open_database(settings) as database:
        yield SqlContacts(database)
