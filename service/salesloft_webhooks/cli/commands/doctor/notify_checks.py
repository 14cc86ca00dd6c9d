"""What `notify` needs to tell anybody: addresses, services that listen, a Slack app that may do what it is asked."""

import asyncio
from collections.abc import AsyncIterator

import httpx2

from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, fine, problem, skipped, warning
from salesloft_webhooks.cli.commands.doctor.endpoint_checks import HANDLERS_FILE, SECONDS, check_endpoint
from salesloft_webhooks.errors import HandlerSignal
from salesloft_webhooks.handlers.builtin.configuration import NotifyConfiguration, SlackApp
from salesloft_webhooks.handlers.builtin.notify.recipients import RecipientDirectory
from salesloft_webhooks.handlers.builtin.notify.slack_app import SlackPeople
from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.settings import Settings


async def check_notify(configuration: NotifyConfiguration, settings: Settings) -> AsyncIterator[Finding]:
    """All of it. Nobody is told anything."""
    channels = RecipientDirectory(configuration, settings.notify_urls).channels
    if not channels and configuration.slack is None:
        do = "give it addresses (NOTIFY_URLS, or default_urls in HANDLERS_FILE)"
        yield warning("notify.addresses", "there is none, so nobody is told anything", do)
    origins = set[tuple[str, str]]()
    for each in channels:
        try:
            origins.add((each.scheme, each.origin))
        except httpx2.InvalidURL:
            yield problem("notify.addresses", f"{each.scheme}: nobody understands the address", HANDLERS_FILE)
    for scheme, origin in sorted(each for each in origins if each[1]):
        host = httpx2.URL(origin).netloc.decode()
        yield await check_endpoint(f"{scheme} at {host}", origin, private=True)
    if others := sorted({scheme for scheme, origin in origins if not origin}):
        says = f"what only Apprise knows cannot be looked at without a message: {', '.join(others)}"
        yield skipped("notify.addresses", says)
    if configuration.slack is not None:
        yield await _of_slack(configuration.slack)


async def _of_slack(app: SlackApp) -> Finding:
    check, do = "notify.slack", "renew the app's bot token, and give it the scopes of docs/notify.md"
    try:
        async with asyncio.timeout(SECONDS), open_client(timeout_seconds=SECONDS) as http:
            missing = await SlackPeople(app, http).missing_scopes()
    except HandlerSignal as exc:
        return problem(check, exc, do)
    except TimeoutError:
        return problem(check, "Slack does not answer", "let us out to it (proxy, network policy)")
    if missing:
        return problem(check, f"the app's token lacks {', '.join(sorted(missing))}", do)
    return fine(check, "Slack takes the app's token")
