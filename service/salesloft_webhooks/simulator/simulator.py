"""Posts deliveries: at a steady rate or as fast as answers come, over connections that stay open."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version

import aiohttp

from salesloft_webhooks.simulator.signed_deliveries import Delivery, Kind
from salesloft_webhooks.simulator.tally import Tally

UNREACHABLE_PAUSE_SECONDS = 0.1
MAX_CATCH_UP_SECONDS = 1.0
"""A laptop that slept through an hour must not make up for it in one burst."""


@dataclass(frozen=True)
class Posting:
    """How deliveries are posted.

    Attributes:
        rate: Deliveries a second; None: as fast as answers come.
        concurrency: Deliveries under way at once.
        timeout_seconds: Longest wait for an answer.
        retries: How often a delivery without a proper answer is repeated; SalesLoft does it 3 times.
        retry_seconds: How long after; SalesLoft waits 15 s.
        give_up: End the run when the address cannot be reached at all.
    """

    rate: float | None = None
    concurrency: int = 20
    timeout_seconds: float = 15.0
    retries: int = 0
    retry_seconds: float = 15.0
    give_up: bool = True


class Simulator:
    """Posts deliveries to one address.

    Args:
        url: Where.
        deliveries: What; may be endless. It is asked for the next one only when that is due.
        posting: How.

    Attributes:
        tally: What became of them so far.
    """

    def __init__(self, url: str, deliveries: Iterator[Delivery], posting: Posting = Posting()) -> None:
        self.tally = Tally()
        self._url = url
        self._deliveries = deliveries
        self._posting = posting
        self._stop = asyncio.Event()
        self._due = 0.0

    async def run(self, stop: asyncio.Event | None = None) -> Tally:
        """Post until the deliveries end or ``stop`` is set; what is under way then gets its answer, retries do not.

        A receiver that is away, slow or refuses is counted, never raised.
        """
        self._stop = stop or self._stop
        started = self._due = time.monotonic()
        async with self._session() as session, asyncio.TaskGroup() as tasks:
            for _ in range(self._posting.concurrency):
                tasks.create_task(self._work(session, tasks))
        self.tally.seconds = time.monotonic() - started
        return self.tally

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=self._posting.timeout_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Content-Type": "application/json",
                "User-Agent": f"salesloft-webhooks/{version('salesloft-webhooks')} (simulator)",
            },
        )

    async def _work(self, session: aiohttp.ClientSession, tasks: asyncio.TaskGroup) -> None:
        while not self._stop.is_set():
            await self._wait_for_turn()
            if self._stop.is_set() or (delivery := next(self._deliveries, None)) is None:
                return
            await self._deliver(session, tasks, delivery, self._posting.retries)

    async def _wait_for_turn(self) -> None:
        if self._posting.rate is None:
            return
        now = time.monotonic()
        due = max(self._due, now - MAX_CATCH_UP_SECONDS)
        self._due = due + 1 / self._posting.rate
        await self._pause(due - now)

    async def _deliver(
        self, session: aiohttp.ClientSession, tasks: asyncio.TaskGroup, delivery: Delivery, retries: int
    ) -> None:
        status = await self._post(session, delivery)
        if status == delivery.expected_status:
            self.tally.expected += 1
        elif retries and delivery.kind is not Kind.FORGERY and not self._stop.is_set():
            self.tally.retried += 1
            tasks.create_task(self._retry(session, tasks, delivery, retries - 1))
        else:
            self.tally.unexpected += 1
        if status is None:
            if self._posting.give_up and not self.tally.reached and self.tally.unexpected >= self._posting.concurrency:
                self._stop.set()
            await self._pause(UNREACHABLE_PAUSE_SECONDS)  # nobody there: no reason to spin

    async def _retry(
        self, session: aiohttp.ClientSession, tasks: asyncio.TaskGroup, delivery: Delivery, retries: int
    ) -> None:
        await self._pause(self._posting.retry_seconds)
        if self._stop.is_set():
            self.tally.unexpected += 1
        else:
            await self._deliver(session, tasks, delivery, retries)

    async def _post(self, session: aiohttp.ClientSession, delivery: Delivery) -> int | None:
        started = time.perf_counter()
        try:
            async with session.post(
                self._url, data=delivery.body, headers=delivery.headers, allow_redirects=False
            ) as answer:
                status: int | None = answer.status
                text = await answer.text(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            status, text = None, _error_text(exc)
        self.tally.add(delivery.kind, status, text, time.perf_counter() - started)
        return status

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stop.wait()


def _error_text(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {error.os_error.strerror or error.os_error}"
    return f"{type(error).__name__}: {error}"
