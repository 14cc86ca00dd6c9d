"""A raw loop: XREADGROUP many, handle each, one XACK for all. No retries, no leases, no duplicates dropped."""

import os
import sys

import redis.asyncio as redis
import uvloop
from tally import BODY, tally

GROUP, STREAM = "bench", "events"
BATCH = 200


async def fill(client: "redis.Redis", count: int) -> None:
    """Add the events."""
    await client.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    for start in range(0, count, 1000):
        pipe = client.pipeline(transaction=False)
        for number in range(start, min(start + 1000, count)):
            pipe.xadd(STREAM, {"id": f"event-{number}", "body": BODY})
        await pipe.execute()


async def work(client: "redis.Redis") -> None:
    """Handle for ever."""
    while True:
        for _, entries in await client.xreadgroup(GROUP, "one", {STREAM: ">"}, count=BATCH, block=1000):
            for _, fields in entries:
                tally.add(fields[b"id"].decode())
            await client.xack(STREAM, GROUP, *(entry for entry, _ in entries))


async def main() -> None:
    """Fill or work."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    await (fill(client, int(sys.argv[2])) if sys.argv[1] == "fill" else work(client))


uvloop.run(main())
