"""Calls of limited handlers, counted, in as many workers as a test wants."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from salesloft_webhooks import Event, Router
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.worker_pipeline import Pipeline, pipeline


class Calls:
    """Calls of handlers: how many run, and when each began."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.began: list[tuple[float, str]] = []
        self.ended: list[str] = []

    async def call(self, event: Event, key: str = "", seconds: float = 0.02) -> None:
        """One of them, of that key."""
        self.began.append((time.monotonic(), event.event_id))
        self.running[key] += 1
        self.most[key] = max(self.most[key], self.running[key])
        await asyncio.sleep(seconds)
        self.running[key] -= 1
        self.ended.append(event.event_id)


@asynccontextmanager
async def workers(server: Server, router: Router[Any], number: int, **settings: object) -> AsyncIterator[Pipeline]:
    """So many of them; the first is given, by which all are fed."""
    async with AsyncExitStack() as stack:
        several = [await stack.enter_async_context(pipeline(server, router, **settings)) for _ in range(number)]
        yield several[0]


async def no_permits(running: Pipeline) -> None:
    """Everything is given back: no key of a limit has a permit, and none is without an end."""

    def nothing_left() -> bool:
        keys = running.redis.keys("sl:{0}:g:mine:limit:*")
        ends = all(running.redis.ttl(key) != -1 for key in keys)
        others = (":waiting", ":turn", ":since")
        return ends and not any(held(running, key) for key in keys if not key.endswith(others))

    await eventually(nothing_left, "all permits are given back")


def held(running: Pipeline, key: str) -> list[str]:
    """The permits of a key."""
    return [permit for permit in running.redis.zrange(key, 0, -1) if permit != "/bucket"]
