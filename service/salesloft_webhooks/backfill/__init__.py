"""Backfill: finds what no webhook has brought, and publishes it with the very id that its webhook would have had.

SalesLoft tries a delivery four times in 45 seconds and then never again. Its lists still show what has changed, so they
are read by the time of the last change: `windows` says which page comes next and up to where everything has been seen,
`progress` where to begin, `rows` which deliveries a row stands for, `carrying` brings those to the store that it does
not have, `catching_up` moves the cursor after that. `rounds` does it for ever, `single_run` once.

Whatever is read twice is known by its id, so it can be run at any time, beside live traffic, and by two at once.
"""

import asyncio

from salesloft_webhooks.backfill.rounds import Rounds
from salesloft_webhooks.background import run_until
from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.broker.salesloft_budget import SharedBudget
from salesloft_webhooks.operations import OperationsServer, stop_event
from salesloft_webhooks.salesloft import PER_MINUTE, Patience, open_salesloft
from salesloft_webhooks.settings import Settings

__all__ = ["run"]


async def run(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Read the lists until ``stop`` is set, by default by SIGTERM or SIGINT.

    Raises:
        ConfigurationError: no credentials, a resource that cannot be read, or a port that cannot be listened on.
    """
    patience = Patience(floor=settings.backfill_api_reserve)
    with stop_event(stop) as stopping:
        async with (
            open_store(settings) as store,
            Publisher(store, settings) as publisher,
            open_salesloft(settings, SharedBudget(store, per_minute=PER_MINUTE), patience) as salesloft,
        ):
            rounds = Rounds(store, publisher, salesloft, settings)
            operations = OperationsServer(
                settings.host, settings.ops_port, live=rounds.not_live, ready=rounds.not_ready
            )
            async with operations:
                await run_until(stopping, rounds.run())
