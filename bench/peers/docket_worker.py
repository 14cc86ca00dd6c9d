"""Docket: redelivery after five minutes, as it comes.

Each running task has connections of its own: with the pool's usual 100, more than 50 at once fail with "Too many
connections", so its address asks for more.
"""

import asyncio
import os
import sys

import uvloop
from docket import Docket, Worker
from tally import BODY, CONCURRENCY, HANDLER_SECONDS, tally


async def handle(event_id: str, body: str) -> None:  # noqa: ARG001 - it is carried, as everybody's is
    """Count it."""
    tally.add(event_id)
    if HANDLER_SECONDS:
        await asyncio.sleep(HANDLER_SECONDS)


async def main() -> None:
    """Fill or work."""
    async with Docket(name="bench", url=f"{os.environ['REDIS_URL']}?max_connections=500") as docket:
        docket.register(handle)
        if sys.argv[1] == "fill":
            calls = [docket.call(handle, key=f"event-{n}")(f"event-{n}", BODY) for n in range(int(sys.argv[2]))]
            await docket.add_many(calls)
        else:
            async with Worker(docket, concurrency=CONCURRENCY) as worker:
                await worker.run_forever()


uvloop.run(main())
