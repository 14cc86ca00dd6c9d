"""A worker process: one consumer of one group, over all its partitions.

Stopping, in order: take nothing more; let running handlers finish within the grace period; cancel the rest and hand
their entries back without counting the attempt; store every outcome; leave the group.
"""

import asyncio
import time
from contextlib import suppress

from salesloft_webhooks.background import Background, cancel_and_wait
from salesloft_webhooks.broker import Group, GroupOptions, Store, check_partitions, new_consumer_name
from salesloft_webhooks.errors import ConfigurationError, StoreError
from salesloft_webhooks.handlers.loading import LoadedGroup, RunningGroup
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry, get_logger
from salesloft_webhooks.worker.attempt_rules import rules_by_type
from salesloft_webhooks.worker.concurrency_limit import ConcurrencyLimit
from salesloft_webhooks.worker.isolation_budget import IsolationBudget
from salesloft_webhooks.worker.lease_renewal import LeaseRenewer
from salesloft_webhooks.worker.maintenance import Maintenance
from salesloft_webhooks.worker.partition_loop import PartitionLoop
from salesloft_webhooks.worker.readiness import Readiness
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
        options = GroupOptions(
            name=loaded.name,
            events=settings.worker_events or loaded.patterns,
            ordering=settings.worker_ordering or loaded.ordering,
            lease_seconds=settings.lease_seconds,
            max_attempts=settings.max_attempts,
            idempotency_ttl_seconds=settings.idempotency_ttl_seconds,
            handlers=settings.worker_handlers,
            handled=loaded.patterns,
            no_handler_seconds=settings.no_handler_seconds,
        )
        self._options = options
        self._store = store
        self._loaded = loaded
        self._group = Group(store, options, new_consumer_name())
        self._settings = settings
        self._telemetry = telemetry
        slots = ConcurrencyLimit(settings.worker_concurrency), IsolationBudget()
        handlers = rules_by_type(loaded, settings), running
        self._loops = [
            PartitionLoop(partition, self._group, slots, settings, handlers, telemetry)
            for partition in _partitions(settings)
        ]
        self._maintenance = Maintenance(store, self._group, settings, telemetry)
        self._registered = False
        self._readiness = Readiness(running)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set and everything is handed over."""
        warn_of_unknown_patterns(self._loaded, self._settings)
        if not await self._register(stop):
            return
        await log_start(self._store, self._options, self._loaded)
        if not await self._readiness.reached(stop, self._record_heartbeat):
            return
        renewer = LeaseRenewer(self._group, self._loops, self._settings, self._telemetry)
        async with Background() as background:
            tasks = [
                background.start(renewer.run(), name="renewer"),
                background.start(self._maintenance.run(), name="housekeeping"),
                *(background.start(loop.run(), name=f"partition {loop.partition}") for loop in self._loops),
            ]
            stopped = background.start(_until_set(stop), name="stop")
            # What ends by itself has failed in a way nobody foresaw: let the process fail, others take over.
            await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            await self._stop(tasks[2:])

    def not_live(self) -> str | None:
        """Why the process makes no progress and should be restarted; None: it does."""
        now = time.monotonic()
        if any(loop.attempts for loop in self._loops):
            # Slots are shared: a loop may rightly wait for as long as another one's handlers run.
            self._record_heartbeat()
        for loop in self._loops:
            running = loop.attempts.values()
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
                await check_partitions(self._store)
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

    async def _stop(self, loops: list["asyncio.Task[None]"]) -> None:
        for loop in self._loops:
            loop.stop()
        await asyncio.wait(loops, timeout=self._settings.grace_seconds)
        for loop in self._loops:
            loop.interrupt_all()
        _, unfinished = await asyncio.wait(loops, timeout=SETTLE_SECONDS)
        for task in unfinished:
            log.warning("worker.unsettled", task=task.get_name(), detail="outcomes are lost; their leases will lapse")
        await cancel_and_wait(unfinished)
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(RETIRE_SECONDS):
                await self._group.retire(leaving=True)


async def _until_set(stop: asyncio.Event) -> None:
    await stop.wait()


def _partitions(settings: Settings) -> list[int]:
    try:
        chosen = [int(text) for text in settings.worker_partitions] or list(range(settings.partitions))
    except ValueError:
        chosen = []
    if not chosen:  # raised outside the except block: Python's error repeats the text
        raise ConfigurationError("WORKER_PARTITIONS: numbers, separated by commas")
    if any(not 0 <= number < settings.partitions for number in chosen):
        raise ConfigurationError("WORKER_PARTITIONS: each number is below PARTITIONS")
    return chosen
