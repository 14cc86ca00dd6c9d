"""The back ends that are reached by HTTP. Versions are compared in Redis, because none of them can do it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from salesloft_webhooks.broker.connection import open_store
from salesloft_webhooks.broker.versions import Versions
from salesloft_webhooks.handlers.configuration import HttpCrm, HubSpotCrm, SalesforceCrm
from salesloft_webhooks.handlers.crm.contacts import ContactBackend
from salesloft_webhooks.handlers.crm.http import HttpContacts
from salesloft_webhooks.handlers.crm.hubspot import HubSpotContacts
from salesloft_webhooks.handlers.crm.newest import NewestOnly
from salesloft_webhooks.handlers.crm.salesforce import SalesforceContacts
from salesloft_webhooks.handlers.remote import open_client
from salesloft_webhooks.settings import Settings

Remote = HttpCrm | HubSpotCrm | SalesforceCrm


@asynccontextmanager
async def open_remote_contacts(configuration: Remote, group: str, settings: Settings) -> AsyncIterator[ContactBackend]:
    """The configured back end, for as long as the context lasts."""
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
