"""The `crm` group: people become contacts, bounced addresses are marked, in the back end of one's choice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from salesloft_webhooks.broker.connection import open_store
from salesloft_webhooks.broker.versions import Versions
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.configuration import (
    HttpCrm,
    HubSpotCrm,
    SalesforceCrm,
    SqlCrm,
    load_configuration,
)
from salesloft_webhooks.handlers.crm.contacts import ContactBackend, bounce_of, contact_of
from salesloft_webhooks.handlers.crm.http import HttpContacts
from salesloft_webhooks.handlers.crm.hubspot import HubSpotContacts
from salesloft_webhooks.handlers.crm.newest import NewestOnly
from salesloft_webhooks.handlers.crm.salesforce import SalesforceContacts
from salesloft_webhooks.handlers.crm.sql import SqlContacts
from salesloft_webhooks.handlers.database import open_database
from salesloft_webhooks.handlers.remote import open_client
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Ordering, Settings

Remote = HttpCrm | HubSpotCrm | SalesforceCrm


@asynccontextmanager
async def _open_remote(configuration: Remote, group: str, settings: Settings) -> AsyncIterator[ContactBackend]:
    async with open_client(timeout_seconds=configuration.timeout_seconds) as client, open_store(settings) as store:
        backend: ContactBackend
        match configuration:
            case HttpCrm():
                backend = HttpContacts(configuration, client)
            case HubSpotCrm():
                backend = HubSpotContacts(configuration, client)
            case SalesforceCrm():
                backend = SalesforceContacts(configuration, client)
        yield NewestOnly(backend, Versions(store, group))


def build_router(group: str, settings: Settings) -> Router[ContactBackend]:
    """The built-in handlers of the group, with the configured back end.

    Raises:
        ConfigurationError: the configuration cannot be read.
    """
    configuration = load_configuration(settings).crm

    @asynccontextmanager
    async def lifespan(settings: Settings) -> AsyncIterator[ContactBackend]:
        if isinstance(configuration, SqlCrm):
            async with open_database(settings) as database:
                yield SqlContacts(database)
        else:
            async with _open_remote(configuration, group, settings) as backend:
                yield backend

    router = Router(lifespan, ordering=Ordering.ENTITY)

    @router.on("person.created", "person.updated", "person.deleted")
    async def save_contact(event: Event, backend: ContactBackend) -> None:
        """Bring the contact to the event's version."""
        await backend.save(contact_of(event))

    @router.on("email.bounced")
    async def mark_bounced(event: Event, backend: ContactBackend) -> None:
        """Mark the address that the mail came back from."""
        await backend.mark_bounced(bounce_of(event))

    return router
