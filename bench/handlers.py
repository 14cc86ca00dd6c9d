"""Our handler of the benchmarks: what is measured with it is ours."""

import asyncio
import os

from bench.peers.tally import HANDLER_SECONDS, tally
from salesloft_webhooks import Event, Retry, Router

router: Router[None] = Router()
RETRY_AFTER = float(os.environ.get("BENCH_RETRY_AFTER", "0"))
"""Every event is to come again after so many seconds; 0: none is."""


@router.on("*")
async def nothing(event: Event) -> None:
    """Count it and do nothing, or wait as long as a call of another system takes, or ask for a retry."""
    tally.add(event.event_id)
    if RETRY_AFTER:
        raise Retry(after=RETRY_AFTER)
    if HANDLER_SECONDS:
        await asyncio.sleep(HANDLER_SECONDS)
