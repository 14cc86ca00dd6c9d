"""Alerts: people are told of what they would not see, with nothing but this program and an address of theirs.

`looking` finds problem in the store, `ledger` decides of what to tell and when (pure), `wording` says it, `sending`
brings it to the addresses through Apprise, `telling` does all that in one process of an installation, which holds a
lease; what was told stands in the store, so that the next one goes on there.

    ==============================  ==================================================================================
    what may die between            and what happens then
    ==============================  ==================================================================================
    the look and the ledger         nothing was told: the next process looks again, from the same place
    the ledger and the address      the alert is in the ledger: the next process sends it
    the address and the ledger      the address has it, and nobody knows: it is told twice, which is better than never
    ==============================  ==================================================================================

It runs in workers: every installation has one, and what there is to tell of happens there. Who handles events waits for
none of it, and no error of it ends the process. Decision 73.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Store
from salesloft_webhooks.settings import Settings

__all__ = ["alerts"]


@asynccontextmanager
async def alerts(store: Store, settings: Settings) -> AsyncIterator[None]:
    """Tell people while the block runs, if there is anybody to be told."""
    if not settings.alert_urls and settings.alert_urls_file is None:
        yield
        return
    from salesloft_webhooks.alerts.telling import Telling  # noqa: PLC0415 - who tells nobody loads none of it

    async with Background() as background:
        background.start(Telling(store, settings).run(), name="alerts")
        yield
