"""The back ends that are reached by HTTP. Versions are compared in Redis, because none of them can do it.

Before the first event the configured fields are looked up: one that does not exist is a wrong setting, and the worker
does not start. Where the CRM cannot be asked the worker starts all the same and says so: what is wrong then shows with
the first event, which pauses the group.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2

from salesloft_webhooks.broker.adoptions import Adoptions
from salesloft_webhooks.broker.connection.store import open_store
from salesloft_webhooks.broker.newest_version import Versions
from salesloft_webhooks.errors import ConfigurationError, Retry, Unavailable
from salesloft_webhooks.handlers.builtin.configuration.crm import HttpCrm, HubSpotCrm
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.batched_contacts import BatchedContacts
from salesloft_webhooks.handlers.builtin.crm.contact_backend import ContactBackend
from salesloft_webhooks.handlers.builtin.crm.hubspot import HubSpotContacts
from salesloft_webhooks.handlers.builtin.crm.own_endpoint import HttpContacts
from salesloft_webhooks.handlers.builtin.crm.salesforce import SalesforceContacts
from salesloft_webhooks.handlers.builtin.crm.stale_updates import StaleUpdateFilter
from salesloft_webhooks.handlers.outbound.salesloft_users import SalesloftUsers, Users
from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.salesloft import open_salesloft
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

FIELD_CHECK_SECONDS = 10.0
"""How long the look at the CRM's fields may hold up the start."""

HttpBackedCrm = HttpCrm | HubSpotCrm | SalesforceCrm


@asynccontextmanager
async def open_http_contacts(
    configuration: HttpBackedCrm, group: str, settings: Settings
) -> AsyncIterator[ContactBackend]:
    """The configured back end, for as long as the context lasts."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_client(timeout_seconds=configuration.timeout_seconds))
        store = await stack.enter_async_context(open_store(settings))
        backend: ContactBackend
        if isinstance(configuration, HttpCrm):
            backend = HttpContacts(configuration, client)
        else:
            users: Users | None = None
            if configuration.knows_reps_by_email:
                users = SalesloftUsers((await stack.enter_async_context(open_salesloft(settings))).lists)
            backend = await with_checked_fields(_of_vendor(configuration, client, users, Adoptions(store, group)))
        yield StaleUpdateFilter(backend, Versions(store, group))


def _of_vendor(
    configuration: HubSpotCrm | SalesforceCrm, client: httpx2.AsyncClient, users: Users | None, adoptions: Adoptions
) -> BatchedContacts:
    if isinstance(configuration, HubSpotCrm):
        return HubSpotContacts(configuration, client, users, adoptions)
    return SalesforceContacts(configuration, client, users, adoptions)


async def with_checked_fields(backend: BatchedContacts) -> ContactBackend:
    """The back end, once its fields are known to exist, or cannot be looked up now.

    Raises:
        ConfigurationError: Naming every field that cannot be written.
    """
    try:
        async with asyncio.timeout(FIELD_CHECK_SECONDS):
            problems = await backend.field_problems()
    except (Retry, Unavailable) as exc:
        _log.warning("crm.unchecked", reason=str(exc))
    except TimeoutError:
        _log.warning("crm.unchecked", reason=f"no answer within {FIELD_CHECK_SECONDS:g} s")
    else:
        if problems:
            raise ConfigurationError(f"HANDLERS_FILE: crm: {'; '.join(problems)}")
    return backend
