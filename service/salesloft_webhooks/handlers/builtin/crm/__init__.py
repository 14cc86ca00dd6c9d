"""The `crm` group: people become contacts, bounces are marked, activities logged, in the back end of one's choice."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration import load_configuration
from salesloft_webhooks.handlers.builtin.configuration.crm import (
    HttpCrm,
    HubSpotCrm,
    SqlCrm,
    VendorCrm,
    logged_types,
)
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.contact_backend import ContactBackend
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from salesloft_webhooks.handlers.builtin.crm.logged_activities import activity_of
from salesloft_webhooks.handlers.builtin_groups import CRM
from salesloft_webhooks.handlers.outbound.outage_retry_policy import GROUP_RETRY_POLICY, outage_retry_policy
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

Crm = SqlCrm | HttpCrm | HubSpotCrm | SalesforceCrm


def build_router(group: str, settings: Settings) -> Router[ContactBackend]:
    """The built-in handlers of the group, with the configured back end.

    Raises:
        ConfigurationError: the configuration cannot be read, or needs SalesLoft's API, to which there is no access.
    """
    configuration = load_configuration(settings).crm
    if isinstance(configuration, VendorCrm) and configuration.knows_reps_by_email:
        from salesloft_webhooks.handlers.outbound.salesloft_users import require_credentials  # noqa: PLC0415 - see below

        require_credentials("crm", settings)
    router = Router(_backend_opener(configuration, group), ordering=CRM.ordering)
    policy, timeout_seconds = GROUP_RETRY_POLICY, None
    if not isinstance(configuration, SqlCrm):
        policy = outage_retry_policy(settings)
        timeout_seconds = _requests(configuration) * configuration.timeout_seconds + 10

    @router.on("person.created", "person.updated", "person.deleted", timeout_seconds=timeout_seconds, **policy)
    async def save_contact(event: Event, backend: ContactBackend) -> None:
        """Bring the contact to the event's version."""
        await backend.save(contact_of(event))

    @router.on("email.bounced", timeout_seconds=timeout_seconds, **policy)
    async def mark_bounced(event: Event, backend: ContactBackend) -> None:
        """Mark the address that the mail came back from."""
        await backend.mark_bounced(bounce_of(event))

    if logged := () if isinstance(configuration, SqlCrm) else logged_types(configuration.log):

        @router.on(*logged, timeout_seconds=timeout_seconds, **policy)
        async def log(event: Event, backend: ContactBackend) -> None:
            """Log the activity beside the contact."""
            if event.person_id is None:
                # A number dialled by hand, a meeting with somebody unknown: nothing is wrong, and nobody is there.
                _log.info("crm.unknown", count=1)
                return
            await backend.log(activity_of(event))

    return router


def _requests(configuration: HttpCrm | HubSpotCrm | SalesforceCrm) -> int:
    """Requests that an event may have to wait for: those of the batch under way, then those of its own.

    One for the owner, and for each of both batches one for each way to find people, one for the addresses of others,
    two to see whose the contacts are before and after the change, one to change, and one to make. An endpoint of one's
    own takes one.
    """
    return 3 if isinstance(configuration, HttpCrm) else 17


def _backend_opener(
    configuration: Crm, group: str
) -> Callable[[Settings], AbstractAsyncContextManager[ContactBackend]]:
    """What opens the back end: of the database's toolkit and the HTTP client, a worker loads the one it works with."""
    if isinstance(configuration, SqlCrm):
        from salesloft_webhooks.handlers.builtin.crm.sql import open_sql_contacts  # noqa: PLC0415 - see above

        return open_sql_contacts
    from salesloft_webhooks.handlers.builtin.crm.http_backends import open_http_contacts  # noqa: PLC0415 - see above

    return partial(open_http_contacts, configuration, group)
