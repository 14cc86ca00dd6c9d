"""FastStream on a Redis stream with a group: NACK_ON_ERROR, so that what failed stays pending; many workers."""

import asyncio
import os
import sys

import uvloop
from faststream import AckPolicy, FastStream
from faststream.redis import RedisBroker, StreamSub
from tally import BODY, CONCURRENCY, HANDLER_SECONDS, tally

broker = RedisBroker(os.environ["REDIS_URL"])
app = FastStream(broker)
stream = StreamSub("events", group="bench", consumer="one", max_records=CONCURRENCY)


@broker.subscriber(stream=stream, ack_policy=AckPolicy.NACK_ON_ERROR, max_workers=CONCURRENCY)
async def handle(message: dict[str, str]) -> None:
    """Count it."""
    tally.add(message["id"])
    if HANDLER_SECONDS:
        await asyncio.sleep(HANDLER_SECONDS)


async def fill(count: int) -> None:
    """Add the events; the group is there before them, because it begins at the end."""
    async with broker:
        await broker._connection.xgroup_create("events", "bench", "0", mkstream=True)  # noqa: SLF001
        for number in range(count):
            await broker.publish({"id": f"event-{number}", "body": BODY}, stream="events")


uvloop.run(fill(int(sys.argv[2])) if sys.argv[1] == "fill" else app.run())
