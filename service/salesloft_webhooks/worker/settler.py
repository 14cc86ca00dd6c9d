"""Settling in batches: outcomes queue up while one call is under way, and the next call carries them all."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import islice

from salesloft_webhooks.broker import Group, Settled, Settlement
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.backoff import Backoff

BATCH = 200
"""Outcomes in one call."""
STORE_BACKOFF = Backoff(base_seconds=0.1, cap_seconds=2.0)


class Settler:
    """Stores the outcomes of one partition.

    An outcome stays in the queue until the store has answered: while Redis is away it waits, and is told afterwards. A
    repeat after a lost reply is harmless, the store answers `gone`. What dies with the process is run again by others
    when its lease lapses: at least once.
    """

    def __init__(self, group: Group, partition: int, telemetry: WorkerTelemetry, settled: Callable[[], None]) -> None:
        self._group = group
        self._partition = partition
        self._telemetry = telemetry
        self._settled = settled
        self._queue: deque[Settlement] = deque()
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, settlement: Settlement) -> None:
        """Queue an outcome; returns at once."""
        self._queue.append(settlement)
        self._empty.clear()
        self._filled.set()

    async def drained(self) -> None:
        """Wait until every outcome is stored."""
        await self._empty.wait()

    async def run(self) -> None:
        """Settle until cancelled."""
        failures = 0
        while True:
            await self._filled.wait()
            batch = list(islice(self._queue, BATCH))
            try:
                await self._settle(batch)
            except StoreError:
                self._telemetry.store_available(available=False)
                failures += 1
                await asyncio.sleep(STORE_BACKOFF.delay_seconds(failures))
                continue
            failures = 0
            for _ in batch:
                self._queue.popleft()
            if not self._queue:
                self._filled.clear()
                self._empty.set()
            self._settled()

    async def _settle(self, batch: list[Settlement]) -> None:
        began = time.perf_counter()
        results = await self._group.settle(self._partition, batch)
        self._telemetry.settled(outcomes=len(batch), seconds=time.perf_counter() - began)
        for settlement, result in zip(batch, results, strict=True):
            if result in (Settled.LATE, Settled.LOST):
                self._telemetry.lease_lost(settlement.lease.event.event_type)
