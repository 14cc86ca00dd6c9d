"""What a worker's group needs: its handlers, the CRM's fields and scopes, the endpoints that it forwards to."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.doctor.database_checks import check_database
from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, fine, problem, skipped
from salesloft_webhooks.cli.commands.doctor.endpoint_checks import SECONDS, check_endpoint
from salesloft_webhooks.cli.commands.doctor.warehouse_checks import check_warehouse
from salesloft_webhooks.errors import ConfigurationError, HandlerSignal
from salesloft_webhooks.settings import Settings

if TYPE_CHECKING:
    from salesloft_webhooks.handlers.builtin.configuration import ForwardEndpoint
    from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
    from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm


async def check_group(settings: Settings) -> AsyncIterator[Finding]:
    """Everything about `WORKER_GROUP`."""
    from salesloft_webhooks.handlers.builtin_groups import builtin_group
    from salesloft_webhooks.handlers.loading import load_group

    if (name := settings.worker_group) is None:
        yield skipped("handlers", "no WORKER_GROUP: name it to have its handlers looked at")
        return
    try:
        loaded = load_group(name, settings.worker_handlers, settings)
    except ConfigurationError as exc:
        yield problem("handlers", exc, "correct the line, or what WORKER_HANDLERS and HANDLERS_FILE name")
        return
    yield fine("handlers", f"{name} takes {', '.join(loaded.patterns)}")
    if settings.worker_handlers:
        yield await _opens(name, settings)
        return
    row = builtin_group(name)
    if row and row.writes_database and not (name == "crm" and _crm_is_http(settings)):
        async for finding in check_database(settings):
            yield finding
    async for finding in _of_outside(name, settings):
        yield finding


async def _opens(name: str, settings: Settings) -> Finding:
    """Resources of handlers of one's own: made, asked whether they are ready, and closed."""
    from salesloft_webhooks.authors_line import authors_line
    from salesloft_webhooks.handlers.loading import load_group

    do = "mend the router's lifespan or what it connects to"
    try:
        loaded = load_group(name, settings.worker_handlers, settings)
        async with asyncio.timeout(SECONDS), loaded.open(settings) as running:
            await running.check_ready()
    except (HandlerSignal, ConfigurationError) as exc:
        return problem("handlers.resources", exc, do)
    except Exception as exc:  # noqa: BLE001 - whatever the author's code raises
        where = f" ({line})" if (line := authors_line(exc)) else ""
        return problem("handlers.resources", f"{type(exc).__name__}: {exc}{where}", do)
    return fine("handlers.resources", "can be opened and are ready")


def _crm_is_http(settings: Settings) -> bool:
    from salesloft_webhooks.handlers.builtin.configuration import load_configuration

    return getattr(load_configuration(settings).crm, "backend", "sql") != "sql"


async def _of_outside(name: str, settings: Settings) -> AsyncIterator[Finding]:
    from salesloft_webhooks.handlers.builtin.configuration import load_configuration
    from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
    from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm

    configuration = load_configuration(settings)
    crm = configuration.crm
    asks_for_users = False
    if name == "crm" and isinstance(crm, HubSpotCrm | SalesforceCrm):
        yield await _of_crm(crm)
        asks_for_users = crm.knows_reps_by_email
    elif name == "crm" and getattr(crm, "backend", "") == "http":
        yield await check_endpoint("crm", str(crm.url), private=True)  # type: ignore[union-attr]  # of that back end
    elif name == "warehouse":
        async for finding in check_warehouse(settings):
            yield finding
    elif name == "notify":
        from salesloft_webhooks.cli.commands.doctor.notify_checks import check_notify

        async for finding in check_notify(configuration.notify, settings):
            yield finding
        asks_for_users = configuration.notify.knows_by_email
    if asks_for_users:
        from salesloft_webhooks.cli.commands.doctor.salesloft_checks import check_users

        yield await check_users(settings)
    endpoint: ForwardEndpoint | None = configuration.forward.get(name.removeprefix("forward-"))
    if name.startswith("forward-") and endpoint is not None:
        yield await check_endpoint(name, str(endpoint.url), private=endpoint.allow_private_addresses)


async def _of_crm(crm: "HubSpotCrm | SalesforceCrm") -> Finding:
    """Log in, and look whether each configured field is there and may be written."""
    from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
    from salesloft_webhooks.handlers.builtin.crm.hubspot import HubSpotContacts
    from salesloft_webhooks.handlers.builtin.crm.salesforce import SalesforceContacts
    from salesloft_webhooks.outgoing_http import open_client

    try:
        async with asyncio.timeout(SECONDS), open_client(timeout_seconds=crm.timeout_seconds) as client:
            backend = HubSpotContacts(crm, client) if isinstance(crm, HubSpotCrm) else SalesforceContacts(crm, client)
            wrong = await backend.field_problems()
    except HandlerSignal as exc:
        page = "crm_hubspot.md" if isinstance(crm, HubSpotCrm) else "crm_salesforce.md"
        return problem("crm.access", exc, f"renew the token or secret, and give it the scopes of docs/{page}")
    except TimeoutError:
        return problem("crm.access", f"{crm.backend} does not answer", "let us out to it (proxy, network policy)")
    if wrong:
        return problem("crm.fields", "; ".join(wrong), f"make the fields in {crm.backend}, or correct HANDLERS_FILE")
    return fine("crm.fields", f"{crm.backend} has every configured field")
