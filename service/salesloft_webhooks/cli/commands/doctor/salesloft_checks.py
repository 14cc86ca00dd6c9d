"""SalesLoft's API: do our credentials work, may they do what we need, is what is declared there, what is its time."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, fine, problem, skipped, warning
from salesloft_webhooks.cli.commands.doctor.store_checks import CLOCK_SECONDS
from salesloft_webhooks.errors import (
    ConfigurationError,
    SalesloftError,
    SalesloftForbidden,
    SalesloftUnauthorized,
    SalesloftUnavailable,
)
from salesloft_webhooks.settings import Settings

WAITING_SECONDS, WHOLE_SECONDS = 10.0, 15.0


async def check_salesloft(settings: Settings) -> AsyncIterator[Finding]:
    """Log in, list subscriptions, compare the clocks. Costs one unit of the rate limit."""
    from salesloft_webhooks.salesloft import Patience, has_credentials, open_salesloft

    if not has_credentials(settings):
        yield skipped(
            "salesloft.access",
            "no credentials for its API, which only subscriptions, backfill and reps by e-mail address need",
        )
        return
    patience = Patience(whole_seconds=WHOLE_SECONDS, waiting_seconds=WAITING_SECONDS)
    try:
        async with open_salesloft(settings, None, patience) as salesloft:
            found = await salesloft.subscriptions.all()
            date = salesloft.date
    except (SalesloftError, ConfigurationError) as exc:
        yield _refused(exc, "salesloft.access", "webhook subscriptions")
        return
    disabled = sum(not each.enabled for each in found)
    says = f"{len(found)} subscription(s) can be seen"
    if disabled:
        do = "salesloft-webhooks subscriptions plan shows them, subscriptions apply enables ours"
        yield warning("salesloft.access", f"{says}, {disabled} of them disabled", do)
    else:
        yield fine("salesloft.access", says)
    if date is not None:
        yield _of_clock(time.time() - date.timestamp(), settings)


async def check_users(settings: Settings) -> Finding:
    """Whether SalesLoft's users may be listed, by which reps are known elsewhere. Costs one unit of the rate limit."""
    from salesloft_webhooks.salesloft import Patience, open_salesloft
    from salesloft_webhooks.salesloft.record_lists import LISTS

    patience = Patience(whole_seconds=WHOLE_SECONDS, waiting_seconds=WAITING_SECONDS)
    try:
        async with open_salesloft(settings, None, patience) as salesloft:
            await salesloft.lists.page(LISTS["users"])
    except (SalesloftError, ConfigurationError) as exc:
        return _refused(exc, "salesloft.users", "reading users")
    return fine("salesloft.users", "reps can be known by their e-mail addresses")


def _refused(error: Exception, check: str, scope: str) -> Finding:
    if isinstance(error, SalesloftUnauthorized):
        do = "put a valid token or API key into SALESLOFT_API_TOKEN, or correct the app's id and secret"
    elif isinstance(error, SalesloftForbidden):
        do = f"give the token's application the scope for {scope}, or use an administrator's key"
    elif isinstance(error, SalesloftUnavailable):
        do = "let us out to SALESLOFT_API_URL (proxy, network policy), or wait until it answers"
    else:
        do = "correct the settings that begin with SALESLOFT_"
    return problem(check, error, do)


def _of_clock(apart: float, settings: Settings) -> Finding:
    says = f"{apart:+.0f} s from SalesLoft's"
    do = "synchronise this machine's clock (NTP)"
    if abs(apart) > settings.timestamp_tolerance_seconds:
        return problem("clock.salesloft", f"{says}: signatures with a time in them are refused", do)
    return warning("clock.salesloft", says, do) if abs(apart) > CLOCK_SECONDS else fine("clock.salesloft", says)


def check_subscriptions(file: Path) -> Finding:
    """Whether SalesLoft sends what the file declares."""
    from salesloft_webhooks.cli.commands.subscriptions.drift import is_as_declared, require_list
    from salesloft_webhooks.cli.commands.subscriptions.session import Look, Session, with_session

    async def look(session: Session) -> Look:
        found = await session.look()
        require_list(found)
        return found

    try:
        as_declared = is_as_declared(with_session(file, look))
    except (SalesloftError, ConfigurationError) as exc:
        return problem("subscriptions", exc, "salesloft-webhooks subscriptions plan says more")
    if as_declared:
        return fine("subscriptions", f"SalesLoft sends what {file.name} declares")
    says = f"what SalesLoft sends is not what {file.name} declares"
    return problem("subscriptions", says, "salesloft-webhooks subscriptions plan shows what differs, apply mends it")
