"""A worker process: one consumer of one group, over all its partitions.

Stopping, in order: take nothing more; let running handlers finish within the grace period; cancel the rest and hand
their entries back without counting the attempt; store every outcome; leave the group.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from salesloft_webhooks.background import Background, cancel_and_wait
from salesloft_webhooks.broker import FollowUps, Group, GroupOptions, Store, attend, new_consumer_name
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.follow_ups import task_type
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.store_settings import BodyCompression
from salesloft_webhooks.telemetry import WorkerTelemetry, get_logger
from salesloft_webhooks.worker.attempt_rules import rules_by_type
from salesloft_webhooks.worker.concurrency_limit import ConcurrencyLimit
from salesloft_webhooks.worker.due_follow_ups import DueFollowUps
from salesloft_webhooks.worker.follow_up_asker import FollowUpCounter
from salesloft_webhooks.worker.handler_permits import HandlerPermits
from salesloft_webhooks.worker.isolation_budget import IsolationBudget
from salesloft_webhooks.worker.lease_renewal import LeaseRenewer
from salesloft_webhooks.worker.maintenance import Maintenance
from salesloft_webhooks.worker.partition_loop import PartitionLoop
from salesloft_webhooks.worker.readiness import Readiness
from salesloft_webhooks.worker.served_partitions import ServedPartitions
from salesloft_webhooks.worker.settler import STORE_BACKOFF
from salesloft_webhooks.worker.startup_log import log_start, warn_of_unknown_patterns

STALL_SECONDS = 30.0
"""Without a sign of progress for so long, beyond what a waiting loop is allowed, the process is stuck."""
SETTLE_SECONDS = 3.0
"""After the grace period: how long the last outcomes may take to reach the store."""
RETIRE_SECONDS = 1.0
"""How long leaving the group may take; others retire a consumer that did not."""

log = get_logger(__name__)


class Worker:
    """Runs one consumer until asked to stop.

    Args:
        store: The broker's store.
        settings: See `Settings`; ``worker_group`` must be set.
        loaded: The group's routers.
        running: The same, with their resources open.
        telemetry: What it reports to.
    """

    def __init__(
        self, store: Store, settings: Settings, loaded: LoadedGroup, running: RunningGroup, telemetry: WorkerTelemetry
    ) -> None:
        self._options = options = _options_of(loaded, settings)
        self._store = store
        self._loaded = loaded
        self._running = running
        self._group = Group(store, options, new_consumer_name())
        self._settings = settings
        self._telemetry = telemetry
        slots = ConcurrencyLimit(settings.worker_concurrency), IsolationBudget()
        telemetry.in_flight(lambda: slots[0].running)
        follow_ups = FollowUps(
            store,
            options,
            compress=settings.body_compression is BodyCompression.ZSTD,
            memory_share=(1 + settings.history_memory_share) / 2,  # up to the share itself history may stand
        )
        self._due_follow_ups = DueFollowUps(follow_ups, telemetry)
        note, refused = self._due_follow_ups.note, telemetry.follow_up_refused
        counter = FollowUpCounter(follow_ups, frozenset(loaded.tasks), note, refused)
        self._permits = HandlerPermits(self._group.handler_limits, self._group.consumer)
        handlers = rules_by_type(loaded, settings, counter, self._permits), running

        def loop_of(partition: int) -> PartitionLoop:
            return PartitionLoop(partition, self._group, slots, settings, handlers, telemetry)

        self._served = ServedPartitions(store, self._group, settings, loop_of)
        self._loops = self._served.loops
        self._maintenance = Maintenance(store, self._group, self._served, telemetry, self._due_follow_ups.note)
        self._registered = False
        self._ended = asyncio.Event()
        self._readiness = Readiness(running)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set and everything is handed over."""
        warn_of_unknown_patterns(self._loaded, self._settings)
        if not await self._register(stop):
            return
        await log_start(self._store, self._options, self._loaded)
        if not await self._readiness.reached(stop, self._record_heartbeat):
            return
        renewer = LeaseRenewer(self._group, self._loops, self._permits, self._settings, self._telemetry)
        async with Background() as background:
            for work, name in (
                (renewer.run(), "renewer"),
                (self._maintenance.run(), "housekeeping"),
                (self._due_follow_ups.run(), "follow-ups"),
                (self._permits.run(), "permits of handlers"),
                (self._served.run(partial(self._start, background)), "partitions"),
                (_until_set(stop), "stop"),
            ):
                self._start(background, work, name)
            await self._ended.wait()
            await self._stop()

    def _start(self, background: Background, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """Run a part of the worker. What ends by itself has failed in a way nobody foresaw: let the process fail.

        Others take over then.
        """
        task = background.start(work, name=name)
        task.add_done_callback(lambda _: self._ended.set())
        return task

    def not_live(self) -> str | None:
        """Why the process makes no progress and should be restarted; None: it does."""
        now = time.monotonic()
        if any(loop.attempts for loop in self._loops):
            # Slots are shared: a loop may rightly wait for as long as another one's handlers run.
            self._record_heartbeat()
        for loop in self._loops:
            running = [attempt for attempt in loop.attempts.values() if not attempt.task.done()]
            overdue = [attempt for attempt in running if now - attempt.began > attempt.timeout_seconds + STALL_SECONDS]
            if overdue:
                return f"{len(overdue)} handlers ignore their time-out"
            allowed = STALL_SECONDS + self._settings.store_timeout_seconds + self._settings.poll_seconds
            if not running and now - loop.heartbeat > allowed:
                return f"the loop of partition {loop.partition} has made no progress for {now - loop.heartbeat:.0f} s"
        return None

    def not_ready(self) -> str | None:
        """Why the process cannot work; None: it can."""
        if not self._registered:
            failure = self._telemetry.store_failure(lasting_seconds=0)
            return f"the group is not registered: {failure or 'the store has not been asked yet'}"
        grace = self._settings.readiness_grace_seconds
        return self._readiness.problem or self._telemetry.store_failure(lasting_seconds=grace)

    async def _register(self, stop: asyncio.Event) -> bool:
        failures = 0
        while not stop.is_set():
            try:
                await self._served.follow()
                await self._group.register()
            except StoreError as exc:
                failures += 1
                self._telemetry.store_unavailable(str(exc), "register")
                log.warning("store.failed", failures=failures, reason=str(exc))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), STORE_BACKOFF.delay_seconds(failures))
                self._record_heartbeat()
            else:
                self._registered = True
                self._telemetry.store_available("register")
                return True
        return False

    def _record_heartbeat(self) -> None:
        for loop in self._loops:
            loop.heartbeat = time.monotonic()

    async def _stop(self) -> None:
        for loop in self._loops:
            loop.stop()
        self._running.wait_no_more()
        loops = self._served.tasks
        await asyncio.wait(loops, timeout=self._settings.grace_seconds)
        for loop in self._loops:
            loop.interrupt_all()
        _, unfinished = await asyncio.wait(loops, timeout=SETTLE_SECONDS)
        for task in unfinished:
            log.warning("worker.unsettled", task=task.get_name(), detail="outcomes are lost; their leases will lapse")
        await cancel_and_wait(unfinished)
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(RETIRE_SECONDS):
                await self._permits.given_back()
                await attend(self._store, self._group, 0)
                await self._group.retire(leaving=True)


def _options_of(loaded: LoadedGroup, settings: Settings) -> GroupOptions:
    """What the group is: as its authors have it, unless the settings say otherwise."""
    return GroupOptions(
        name=loaded.name,
        events=settings.worker_events or loaded.patterns,
        ordering=settings.worker_ordering or loaded.ordering,
        lease_seconds=settings.lease_seconds,
        max_attempts=settings.max_attempts,
        idempotency_ttl_seconds=settings.idempotency_ttl_seconds,
        handlers=settings.worker_handlers,
        handled=(*loaded.patterns, *map(task_type, loaded.tasks)),
        no_handler_seconds=settings.no_handler_seconds,
        limits=loaded.limits_of(settings),
        handler_limits=loaded.handler_limits,
    )


async def _until_set(stop: asyncio.Event) -> None:
    await stop.wait()
