"""The `crm` group: people become contacts, bounced addresses are marked, in the back end of one's choice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.crm.contacts import ContactBackend, bounce_of, contact_of
from salesloft_webhooks.handlers.crm.sql import SqlContacts
from salesloft_webhooks.handlers.database import open_database
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings


@asynccontextmanager
async def _lifespan(settings: Settings) -> AsyncIterator[ContactBackend]:
    async with open_database(settings) as database:
        yield SqlContacts(database)


def build_router(group: str, settings: Settings) -> Router[ContactBackend]:  # noqa: ARG001 - every built-in group's form
    """The built-in handlers of the group."""
    router = Router(_lifespan)

    @router.on("person.created", "person.updated", "person.deleted")
    async def save_contact(event: Event, backend: ContactBackend) -> None:
        """Bring the contact to the event's version."""
        await backend.save(contact_of(event))

    @router.on("email.bounced")
    async def mark_bounced(event: Event, backend: ContactBackend) -> None:
        """Mark the address that the mail came back from."""
        await backend.mark_bounced(bounce_of(event))

    return router
