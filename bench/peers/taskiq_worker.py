"""Taskiq on a Redis stream, whose broker is the one that acknowledges; ``--ack-type when_executed``."""

import asyncio
import os
import sys

from tally import BODY, HANDLER_SECONDS, tally
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(os.environ["REDIS_URL"])


@broker.task(task_name="handle")  # else it is named after the path of this file
async def handle(event_id: str, body: str) -> None:  # noqa: ARG001 - it is carried, as everybody's is
    """Count it."""
    tally.add(event_id)
    if HANDLER_SECONDS:
        await asyncio.sleep(HANDLER_SECONDS)


async def fill(count: int) -> None:
    """Add the events; the group is there before them, because it begins at the end."""
    await broker.startup()
    for start in range(0, count, 100):
        await asyncio.gather(*(handle.kiq(f"event-{number}", BODY) for number in range(start, min(start + 100, count))))
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(fill(int(sys.argv[2])))
