"""Begins follow-ups when they are due: a clock per partition, set by what this worker has asked for and hears of.

While none waits, nothing is asked. What another worker has asked for is heard of with the next heartbeat, so when that
worker dies its follow-ups are late by one heartbeat at the most (`Maintenance`).
"""

import asyncio
import time
from contextlib import suppress

from salesloft_webhooks.background import cancellation_requested
from salesloft_webhooks.broker import FollowUps
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.settler import STORE_BACKOFF

LEAST_SECONDS = 0.005
"""Between two looks at a partition: a clock that runs a little faster than the server's must not ask in a busy loop."""


class DueFollowUps:
    """The clocks of one worker."""

    def __init__(self, follow_ups: FollowUps, telemetry: WorkerTelemetry) -> None:
        self._follow_ups = follow_ups
        self._telemetry = telemetry
        self._due: dict[int, float] = {}
        self._changed = asyncio.Event()
        self._failures = 0

    def note(self, partition: int, seconds: float) -> None:
        """One is due in a partition by then, or sooner."""
        at = time.monotonic() + max(seconds, LEAST_SECONDS)
        if at < self._due.get(partition, float("inf")):
            self._due[partition] = at
            self._changed.set()

    async def run(self) -> None:
        """Begin them until cancelled."""
        while True:
            self._changed.clear()
            now = time.monotonic()
            for partition in [partition for partition, at in self._due.items() if at <= now]:
                del self._due[partition]
                await self._begin(partition)
            if not self._changed.is_set():
                await self._wait()

    async def _wait(self) -> None:
        first = min(self._due.values(), default=None)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), None if first is None else max(0.0, first - time.monotonic()))

    async def _begin(self, partition: int) -> None:
        try:
            begun = await self._follow_ups.begin(partition)
        except StoreError as exc:
            if cancellation_requested():
                raise asyncio.CancelledError from exc
            self._failures += 1
            self._telemetry.follow_ups_postponed(partition, str(exc))
            self.note(partition, STORE_BACKOFF.delay_seconds(self._failures))
            return
        self._failures = 0
        self._telemetry.follow_ups_begun(partition, begun.late_seconds)
        if begun.problem:
            self._telemetry.follow_ups_postponed(partition, begun.problem)
        for place, seconds in begun.next_seconds.items():
            # What is held back is looked at again with the next heartbeat: nobody says when a pause ends.
            if place != partition or not begun.held_back:
                self.note(place, seconds)
