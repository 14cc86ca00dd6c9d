"""Renewing leases while handlers run, and stopping handlers whose lease is lost."""

import time
from collections.abc import Sequence

from salesloft_webhooks.background import repeat
from salesloft_webhooks.broker import MAX_BATCH, Group
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.settings import Ordering
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.attempt import Attempt, Interruption
from salesloft_webhooks.worker.loop import PartitionLoop

RENEWALS_PER_LEASE = 3
"""Two renewals may fail before a lease lapses."""


class Renewer:
    """Renews the leases of all partitions of one worker."""

    def __init__(self, group: Group, loops: Sequence[PartitionLoop], telemetry: WorkerTelemetry) -> None:
        self._group = group
        self._loops = loops
        self._telemetry = telemetry

    async def run(self) -> None:
        """Renew until cancelled."""
        await repeat(self._round, every_seconds=self._group.options.lease_seconds / RENEWALS_PER_LEASE)

    async def _round(self) -> None:
        for loop in self._loops:
            attempts = list(loop.attempts.values())
            for start in range(0, len(attempts), MAX_BATCH):
                await self._renew(loop, attempts[start : start + MAX_BATCH])

    async def _renew(self, loop: PartitionLoop, attempts: Sequence[Attempt]) -> None:
        asked = time.monotonic()
        try:
            kept = await self._group.extend(loop.partition, [attempt.lease for attempt in attempts])
        except StoreError:
            self._give_up_lapsed(attempts)
            return
        for attempt, ours in zip(attempts, kept, strict=True):
            if ours:
                attempt.renewed = asked
            elif loop.attempts.get(attempt.lease.entry_id) is attempt:  # else it ended while we asked
                self._lose(attempt)

    def _give_up_lapsed(self, attempts: Sequence[Attempt]) -> None:
        """We cannot reach the store, others perhaps can.

        In an ordered group a lapsed lease may already run elsewhere, so ours stops. Without order it may finish: a late
        `done` counts, which saves the effect from being repeated.
        """
        if self._group.options.ordering is Ordering.ENTITY:
            now = time.monotonic()
            for attempt in attempts:
                if now - attempt.renewed > self._group.options.lease_seconds:
                    self._lose(attempt)

    def _lose(self, attempt: Attempt) -> None:
        self._telemetry.lease_lost(attempt.lease.event.event_type)
        attempt.interrupt(Interruption.LEASE_LOST)
