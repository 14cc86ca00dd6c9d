"""Work that only one process may do: as long as its lease is kept."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from salesloft_webhooks.backfill.catching_up import LeaseLost
from salesloft_webhooks.background import Background
from salesloft_webhooks.broker.backfill_jobs import LEASE_SECONDS, BackfillJob
from salesloft_webhooks.errors import SalesloftWebhooksError, StoreError
from salesloft_webhooks.last_acts import last_act

LEASE_EVERY_SECONDS = LEASE_SECONDS / 3
RELEASE_SECONDS = 1.0


async def while_held(job: BackfillJob, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, and keep the lease meanwhile; the work is cancelled when another process has it.

    Raises:
        LeaseLost: that is so.
        Exception: what the work raises.
    """
    async with Background() as background:
        working = background.start(work, name="backfill")
        keeping = background.start(_keep(job), name="lease")
        await asyncio.wait([working, keeping], return_when=asyncio.FIRST_COMPLETED)


async def release(job: BackfillJob) -> None:
    """Give the lease back if that can be done at once; else it ends by itself."""
    with suppress(SalesloftWebhooksError, TimeoutError):
        await last_act(job.release(), RELEASE_SECONDS)


async def _keep(job: BackfillJob) -> None:
    while True:
        await asyncio.sleep(LEASE_EVERY_SECONDS)
        with suppress(StoreError):  # whether it has ended is for the store to say: a cursor is refused then
            if await job.hold() is None:
                raise LeaseLost("another process holds this backfill")
