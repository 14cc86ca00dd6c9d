"""The loop of one partition: take, run, settle.

    reserve slots -> take -> start an attempt per lease -> (attempts end) -> settle -> slots free -> ...

Nothing here sleeps blindly. When a take finds nothing, the loop waits for whichever comes first: the doorbell (a
blocking read behind the last entry, which consumes nothing), an outcome of our own being stored (it may have made the
next entry of a lane due), the earliest due time, or the poll interval.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from salesloft_webhooks.background import Background, still_wanted
from salesloft_webhooks.broker import Group, Lease, Outcome, Settlement, Taken
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.handlers.loading import LoadedGroup, RunningGroup
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry, get_logger
from salesloft_webhooks.worker.attempt import Attempt, Interruption
from salesloft_webhooks.worker.settler import STORE_BACKOFF, Settler
from salesloft_webhooks.worker.slots import Slots

log = get_logger(__name__)


class PartitionLoop:
    """Serves one partition for one consumer.

    Attributes:
        partition: Which stream.
        attempts: What runs now, by entry id.
        beat: Monotonic time of the last sign of progress.
    """

    def __init__(
        self,
        partition: int,
        group: Group,
        slots: Slots,
        settings: Settings,
        handlers: tuple[LoadedGroup, RunningGroup],
        telemetry: WorkerTelemetry,
    ) -> None:
        self.partition = partition
        self.attempts: dict[str, Attempt] = {}
        self.beat = time.monotonic()
        self._group = group
        self._slots = slots
        self._settings = settings
        self._loaded, self._running = handlers
        self._telemetry = telemetry
        self._stirred = asyncio.Event()
        self._settler = Settler(group, partition, telemetry, self._settled)
        self._background = Background()
        self._doorbell: asyncio.Task[None] | None = None
        self._stopping = False

    async def run(self) -> None:
        """Take and run until `stop`, then until everything is settled; or until cancelled."""
        async with self._background as background:
            settling = background.start(self._settler.run(), name=f"settler of partition {self.partition}")
            failures = 0
            while not self._stopping:
                if settling.done():  # a bug, else it runs for ever: fail, rather than run handlers and forget outcomes
                    settling.result()
                try:
                    await self._turn()
                    failures = 0
                except StoreError as exc:
                    if not still_wanted():
                        raise asyncio.CancelledError from exc
                    failures += 1
                    self._store_failed(exc, failures)
                    await self._pause(STORE_BACKOFF.delay_seconds(failures))
                self.beat = time.monotonic()
            await self._settler_idle()

    def _store_failed(self, error: StoreError, failures: int) -> None:
        self._telemetry.store_unavailable(str(error), f"take {self.partition}")
        log.warning("store.failed", partition=self.partition, failures=failures, reason=str(error))

    def stop(self) -> None:
        """Take nothing more. `run` returns when what runs has ended and is settled."""
        self._stopping = True
        self._stirred.set()

    def interrupt_all(self) -> None:
        """The grace period is over: cancel what still runs and hand it back."""
        for attempt in list(self.attempts.values()):
            attempt.interrupt(Interruption.STOPPING)

    async def _settler_idle(self) -> None:
        while self.attempts:
            await self._next_stir(self._settings.poll_seconds)
        await self._settler.drained()

    async def _turn(self) -> None:
        self._stirred.clear()
        unused = await self._slots.reserve()
        try:
            if self._stopping:
                return
            taken = await self._take(unused)
            for lease in self._startable(taken):
                unused -= 1
                self._start(lease, self._slots.vacate)
        finally:
            self._slots.vacate(unused)
        self._telemetry.in_flight(self._slots.running)  # once a batch: a gauge set twice an event shows in a profile
        if taken.suspects:
            await self._run_suspect()
        elif not taken.leases:
            await self._idle(taken)

    async def _take(self, count: int, *, alone: bool = False) -> Taken:
        began = time.perf_counter()
        taken = await self._group.take(self.partition, count, alone=alone)
        self._telemetry.store_available(f"take {self.partition}")
        self._telemetry.taken(entries=len(taken.leases), skipped=taken.skipped, seconds=time.perf_counter() - began)
        for event_type in taken.poisoned:
            self._telemetry.poisoned(event_type)
        if taken.healed:
            log.warning("group.healed", group=self._group.options.name, partition=self.partition)
            with suppress(StoreError):  # what was taken must be run all the same; `take` heals the rest by itself
                await self._group.register()
        return taken

    def _startable(self, taken: Taken) -> list[Lease]:
        """What to run. An entry whose release is still unconfirmed goes back first: the repeat would end its lease."""
        startable = []
        for lease in taken.leases:
            if self._settler.is_releasing(lease):
                self._settler.add(Settlement(lease, Outcome.RELEASE))
            else:
                startable.append(lease)
        return startable

    async def _run_suspect(self) -> None:
        """Run one entry that may kill us while nothing else runs here, so that only it is lost with us."""
        async with self._slots.all():
            if self._stopping:
                return
            taken = await self._take(1, alone=True)
            for lease in self._startable(taken):
                await asyncio.wait([self._start(lease, lambda: None)])

    def _start(self, lease: Lease, vacate: Callable[[], None]) -> "asyncio.Task[Settlement | None]":
        attempt = Attempt(lease, self._settings, self._loaded)
        if (earlier := self.attempts.get(lease.entry_id)) is not None:
            # Its lease lapsed unrenewed (this process was stalled), and we have just taken it over from ourselves.
            earlier.interrupt(Interruption.LEASE_LOST)
        self.attempts[lease.entry_id] = attempt
        self._slots.running += 1
        task = attempt.start(self._running, self._telemetry)
        task.add_done_callback(partial(self._ended, attempt, vacate))
        if self._stopping:  # asked to stop while the take was under way
            attempt.interrupt(Interruption.STOPPING)
        return task

    def _ended(self, attempt: Attempt, vacate: Callable[[], None], task: "asyncio.Task[Settlement | None]") -> None:
        if self.attempts.get(attempt.lease.entry_id) is attempt:
            del self.attempts[attempt.lease.entry_id]
        self._slots.running -= 1
        vacate()
        self._stirred.set()
        # A cancelled task was interrupted before its first step.
        settlement = attempt.interrupted() if task.cancelled() else task.result()
        if attempt.pause_seconds is not None:
            pausing = self._pause_group(attempt.pause_seconds, attempt.pause_reason)
            self._background.start(pausing, name="pausing the group")
        if settlement is not None:
            self._settler.add(settlement)

    def _settled(self) -> None:
        self._telemetry.in_flight(self._slots.running)
        self._stirred.set()

    async def _pause_group(self, seconds: float, reason: str) -> None:
        with suppress(StoreError):  # the store is away, so nothing is taken anyway; the next attempt finds out again
            await self._group.pause(seconds, reason)

    async def _idle(self, taken: Taken) -> None:
        poll = self._settings.poll_seconds
        seconds = poll if taken.wait_seconds is None else min(poll, taken.wait_seconds)
        if taken.paused:
            await self._next_stir(seconds)
        elif taken.doorbell:
            self._listen(taken.doorbell)
            await self._next_stir(seconds)

    def _listen(self, doorbell: str) -> None:
        if self._doorbell is None or self._doorbell.done():
            self._doorbell = self._background.start(
                self._ring(doorbell), name=f"doorbell of partition {self.partition}"
            )

    async def _ring(self, doorbell: str) -> None:
        with suppress(StoreError):  # the next take meets the same error and backs off
            await self._group.wait(self.partition, doorbell, self._settings.poll_seconds)
        self._stirred.set()

    async def _next_stir(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        self._stirred.clear()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._stopping:
                    await self._stirred.wait()
                    self._stirred.clear()
