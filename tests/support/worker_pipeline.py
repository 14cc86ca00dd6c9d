"""A worker in this process, on a real server, with handlers the test writes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from salesloft_webhooks import Event, Router
from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.worker import Worker
from tests.support.idempotency_records import known_records, record_of
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server
from tests.support.waiting import eventually

STREAM = "sl:{0}:events"
Handle = Callable[[Event], Coroutine[Any, Any, None]]


@dataclass
class Pipeline:
    """A running worker and the way to feed and watch it.

    Attributes:
        redis: A plain client of the server.
        publisher: Stores events.
        worker: The worker under test.
        stop: Set it to stop the worker.
        task: The worker's run.
    """

    redis: Any
    publisher: Publisher
    worker: Worker
    stop: asyncio.Event
    task: "asyncio.Task[None]" = field(repr=False)

    async def publish(self, *event_ids: str, key: str | None = None, event_type: str = "person.created") -> None:
        """Store events, one after the other; without a key each is an entity of its own."""
        for event_id in event_ids:
            event = NewEvent(event_id, event_type, key or f"person:{event_id}", "2026-03-07T04:26:14Z", b'{"id":1}')
            await self.publisher.publish(NewDelivery("default", (event,)))

    def outcome(self, event_id: str) -> str | None:
        """What the idempotency record says: done, dead or None."""
        return record_of(self.redis, event_id).get("mine")

    def dead(self) -> list[dict[str, str]]:
        """The dead letters."""
        return [fields for _, fields in self.redis.xrange("sl:{0}:g:mine:dead")]

    def outcomes(self) -> Counter[str]:
        """How many events have which outcome; the others are not finished."""
        return Counter(record.get("mine", "open") for record in known_records(self.redis).values())

    async def finished(self, count: int, *, seconds: float = 10.0) -> None:
        """Wait until ``count`` entries were read and none is pending."""

        def done() -> bool:
            groups = self.redis.xinfo_groups(STREAM) if self.redis.exists(STREAM) else []
            return bool(groups) and groups[0]["pending"] == 0 and (groups[0]["entries-read"] or 0) >= count

        await eventually(done, f"{count} events are finished", seconds)


@asynccontextmanager
async def pipeline(
    server: Server, handlers: Handle | Router[Any], *, policy: Any = None, **settings: object
) -> AsyncIterator[Pipeline]:
    """Run a worker of group ``mine`` with a router, or one handler for everything; stopped at the end at the latest."""
    router: Router[Any] = handlers if isinstance(handlers, Router) else Router()
    if not isinstance(handlers, Router):
        router.on("*", **(policy or {}))(handlers)
    defaults: dict[str, object] = {"backoff_base_seconds": 0.01, "backoff_cap_seconds": 0.05, "poll_seconds": 0.2}
    chosen = Settings.load(redis_url=server.url, worker_group="mine", **(defaults | settings))
    loaded = LoadedGroup("mine", (router,))
    with server.client() as redis:
        async with (
            open_store(chosen) as store,
            Publisher(store, chosen, SilentObserver()) as publisher,
            loaded.open(chosen) as running,
        ):
            worker = Worker(store, chosen, loaded, running, WorkerTelemetry("mine"))
            stop = asyncio.Event()
            task = asyncio.create_task(worker.run(stop))
            try:
                yield Pipeline(redis, publisher, worker, stop, task)
            finally:
                stop.set()
                await asyncio.wait_for(task, 15)
