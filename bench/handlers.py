"""Our handler of the benchmarks: what is measured with it is ours."""

import asyncio

from bench.peers.tally import HANDLER_SECONDS, tally
from salesloft_webhooks import Event, Router

router: Router[None] = Router()


@router.on("*")
async def nothing(event: Event) -> None:
    """Count it and do nothing, or wait as long as a call of another system takes."""
    tally.add(event.event_id)
    if HANDLER_SECONDS:
        await asyncio.sleep(HANDLER_SECONDS)
