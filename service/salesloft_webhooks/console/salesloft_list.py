"""Asks SalesLoft for its subscriptions: rarely, within the shared rate limit, never because a page was looked at."""

import asyncio

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.server_clock import server_ms
from salesloft_webhooks.broker.listed_subscriptions import (
    Listed,
    ListedSubscriptions,
    keep_subscriptions,
    listed_subscriptions,
    may_ask,
    without_query,
)
from salesloft_webhooks.broker.salesloft_budget import SharedBudget
from salesloft_webhooks.errors import SalesloftError
from salesloft_webhooks.salesloft import PER_MINUTE, Patience, open_salesloft
from salesloft_webhooks.settings import Settings

EVERY_SECONDS = 600.0
SOONEST_SECONDS = 30.0
"""Between two times at which people ask."""
WHOLE_SECONDS = 8.0
FLOOR = 300
"""Units of the rate limit that are left for those who need them: a look is worth none of theirs."""


async def ask(store: Store, settings: Settings, *, every_seconds: float = EVERY_SECONDS) -> bool:
    """Ask SalesLoft, unless it was asked less than ``every_seconds`` ago; what came of it is kept for everybody.

    Returns:
        Whether it was asked.

    Raises:
        ConfigurationError: the credentials are unusable.
        StoreError: the store cannot be asked, or told.
    """
    if not await may_ask(store, every_seconds=every_seconds):
        return False
    before, now = await listed_subscriptions(store), await server_ms(store)
    try:
        found = await _list(store, settings)
    except (SalesloftError, TimeoutError) as exc:
        problem = str(exc) or f"SalesLoft took longer than {WHOLE_SECONDS:g} s"
        known = ListedSubscriptions(before.subscriptions, before.listed_ms, now, problem)
    else:
        known = ListedSubscriptions(found, now, now)
    await keep_subscriptions(store, known)
    return True


async def _list(store: Store, settings: Settings) -> tuple[Listed, ...]:
    patience = Patience(whole_seconds=WHOLE_SECONDS / 2, waiting_seconds=1.0, floor=FLOOR)
    async with asyncio.timeout(WHOLE_SECONDS):
        async with open_salesloft(settings, SharedBudget(store, per_minute=PER_MINUTE), patience) as salesloft:
            found = await salesloft.subscriptions.all()
    return tuple(
        Listed(each.id, each.event_type, without_query(each.callback_url), each.enabled)
        for each in sorted(found, key=lambda one: (one.event_type, one.id))
    )
