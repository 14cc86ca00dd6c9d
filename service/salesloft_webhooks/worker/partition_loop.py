"""The loop of one partition: take, run, settle. What it waits for in between stands in `idle_wait`.

reserve slots -> take -> start an attempt per lease -> (attempts end) -> settle -> slots free -> ...
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress

from salesloft_webhooks.background import Background, cancellation_requested
from salesloft_webhooks.broker import MAX_BATCH, Group, HandedOver, Lease, Outcome, Settlement, Taken
from salesloft_webhooks.broker.group_limits import PLACE
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry, get_logger
from salesloft_webhooks.worker.attempt import Attempt, Interruption
from salesloft_webhooks.worker.attempt_rules import AttemptRules
from salesloft_webhooks.worker.concurrency_limit import ConcurrencyLimit, HeldSlots
from salesloft_webhooks.worker.idle_wait import IdleWait
from salesloft_webhooks.worker.isolation_budget import DRAIN_SECONDS, IsolationBudget
from salesloft_webhooks.worker.lane_run import welcome_behind
from salesloft_webhooks.worker.limited_takes import LimitedTakes
from salesloft_webhooks.worker.outcome_bounds import Unsettled
from salesloft_webhooks.worker.running_attempts import RunningAttempts
from salesloft_webhooks.worker.settler import STORE_BACKOFF, Settler, lanes_to_continue, may_continue
from salesloft_webhooks.worker.taking import NOTHING_TAKEN, take
from salesloft_webhooks.worker.turns import startable, still_leased, without_those_that_wait

log = get_logger(__name__)


class PartitionLoop:
    """Serves one partition for one consumer.

    Attributes:
        partition: Which stream.
        attempts: What runs now, by entry id: those of its `RunningAttempts`.
        heartbeat: Monotonic time of the last sign of progress.
        idle_wait: What it waits for when it has nothing to do.
        permits: By which it takes in a group that is limited.
    """

    def __init__(
        self,
        partition: int,
        group: Group,
        slots: tuple[ConcurrencyLimit, IsolationBudget],
        settings: Settings,
        handlers: tuple[Callable[[str], AttemptRules], RunningGroup],
        telemetry: WorkerTelemetry,
    ) -> None:
        self.partition = partition
        self.heartbeat = time.monotonic()
        self._group = group
        self._slots, self._isolation_budget = slots
        self._rules, _ = handlers
        self._telemetry = telemetry
        self._background = Background()
        self.idle_wait = IdleWait(group, partition, self._background, settings)
        self._settler = Settler(group, partition, telemetry, self, self.idle_wait.gathered)
        self._running = RunningAttempts(
            group, self._slots, handlers, telemetry, self._settler, self.idle_wait, self._background
        )
        self.attempts = self._running.attempts
        self.permits = LimitedTakes(
            group.limits, partition, lambda: self._running.slots, self.idle_wait, self._background, telemetry
        )
        self._running.on_end, self._running.on_refused = self.permits.ended, self.permits.hand.not_begun
        # Half of the slots: the store answers one take while the attempts of the one before run.
        self._take_at_most = (settings.worker_concurrency + 1) // 2
        self._isolated = 0  # that are to be run next: before others, which in a limited group would take their permits
        self._stopping = False

    async def run(self) -> None:
        """Take and run until `stop`, then until everything is settled; or until cancelled."""
        with self._group.each_connection_calls(self._settler.say_again):
            await self._run()

    async def _run(self) -> None:
        async with self._background as background:
            settling = background.start(self._settler.run(), name=f"settler of partition {self.partition}")
            failures = 0
            while not self._stopping:
                if settling.done():  # a bug, else it runs for ever: fail, rather than run handlers and forget outcomes
                    settling.result()
                try:
                    await self._one_round()
                    failures = 0
                except StoreError as exc:
                    if cancellation_requested():
                        raise asyncio.CancelledError from exc
                    failures += 1
                    self._store_failed(exc, failures)
                    await self.idle_wait.back_off(STORE_BACKOFF.delay_seconds(failures), lambda: not self._stopping)
                self.heartbeat = time.monotonic()
            await self._settler_idle()
            with suppress(StoreError):  # they end like leases
                await self.permits.state_what_runs()

    def _store_failed(self, error: StoreError, failures: int) -> None:
        self._settler.say_again()
        partition = self.partition
        if self.permits.was_unanswered():
            partition = PLACE
        else:
            self._telemetry.store_unavailable(str(error), f"take {partition}")
        log.warning("store.failed", partition=partition, failures=failures, reason=str(error))

    def stop(self) -> None:
        """Take nothing more. `run` returns when what runs has ended and is settled."""
        self._stopping = True
        self._running.begin_no_more()
        self.idle_wait.attentive = True  # `_settler_idle` waits for every end
        self.idle_wait.wake()

    def interrupt_all(self) -> None:
        """The grace period is over: cancel what still runs and hand it back."""
        for attempt in self._running.leased():
            attempt.interrupt(Interruption.STOPPING)

    async def _settler_idle(self) -> None:
        while self.attempts:
            await self.idle_wait.wait()
        await self._settler.drained()

    async def _one_round(self) -> None:
        """Report, run isolated entries if it is their turn, take and start others, then wait if nothing is left."""
        self.idle_wait.clear()
        await self._report_before_taking()
        if self._isolated and not self._stopping:
            async with self.permits.one(self._slots) as permitted:
                if permitted:
                    await self._run_isolated()
            if not (permitted or self.permits.should_look):
                await self.permits.held_up()
                return
        held = HeldSlots(await self._slots.reserve(self._take_at_most))
        try:
            taken = await self._fill(held)
        finally:
            self._slots.release(held.free)
        idle = not (taken.leases or self._slots.running)
        self.idle_wait.attentive = self._stopping or taken.isolated > 0
        if await self.permits.held_up():
            return
        if not taken.paused and (idle or self._isolation_budget.is_due()):
            self._isolated = taken.isolated
        if not self._isolated:
            await self.idle_wait.after(taken)

    async def _report_before_taking(self) -> None:
        """Say what became of what we have, when the store may have missed a renewal: it could give it out again."""
        half = self._group.options.lease_seconds / 2
        while self._settler.is_behind(half) and not self._stopping:
            self.idle_wait.attentive = True
            await self.idle_wait.wait()
            self.heartbeat = time.monotonic()
        asked = time.monotonic()
        old = [attempt for attempt in self._running.leased() if asked - attempt.renewed > half]
        if old:
            kept = await self._group.extend(self.partition, [attempt.lease for attempt in old[:MAX_BATCH]])
            for attempt, ours in zip(old, kept, strict=False):
                attempt.renewed = asked if ours else attempt.renewed

    async def _fill(self, held: HeldSlots, *, alone: bool = False) -> Taken:
        """Take as much as there are free slots for and start it; what is started holds its slot until it ends."""
        if self._stopping:
            return NOTHING_TAKEN

        async def take_and_start(count: int) -> Taken:
            asked = time.monotonic()
            taken = await take(self._group, self.partition, count, self._telemetry, alone=alone)
            await self._start_all(taken.leases, asked, held)
            self._settler.forget_confirmed()
            return taken

        return await self.permits.fill(held, take_and_start, alone=alone)

    async def _start_all(self, leases: Sequence[Lease], asked: float, held: HeldSlots) -> None:
        """Start what may run now; what we have no slot for, or are given while we stop, goes back at once."""
        new = startable(leases, asked, self._settler, self.attempts)
        free = await without_those_that_wait(new, self._group, self._settler)
        ours, known = await still_leased(free, asked, self._group, self.partition, self._settler)
        begins = 0 if self._stopping or self.permits.stale else min(held.free, len(ours))
        for lease in ours[begins:]:
            self._settler.add(Settlement(lease, Outcome.RELEASE))
        grant = self.permits.hand.grant
        for lease in ours[:begins]:
            self._running.start(lease, known, grant)
        held.free -= begins
        self.permits.begun(begins)

    async def _run_isolated(self) -> None:
        """Run a few entries that may kill us while nothing else runs here, so that only they are lost with us.

        Whatever takes long, here or among those that run already, is not waited for: the others go on.
        """
        waiting, self._isolated = self._isolated, 0
        with self._isolation_budget.measured(waiting):
            async with self._slots.exclusive(DRAIN_SECONDS) as held:
                taken = await self._fill(held, alone=True)
                tasks = [
                    self.attempts[lease.entry_id].task for lease in taken.leases if lease.entry_id in self.attempts
                ]
                if tasks:
                    await asyncio.wait(tasks, timeout=DRAIN_SECONDS)

    def held(self) -> "list[Attempt | Unsettled]":
        """Whatever has a lease that must not lapse: what runs, and what is not settled yet. For any thread to call."""
        return [*self._running.leased(), *self._settler.unsettled()]

    def lose(self, held: "Attempt | Unsettled", lease: Lease) -> None:
        """A lease is lost; unless its attempt has ended, or has a new one meanwhile, the attempt ends."""
        if isinstance(held, Attempt) and self.attempts.get(lease.entry_id) is held and held.lease is lease:
            self._telemetry.lease_lost(lease.event.event_type)
            held.interrupt(Interruption.LEASE_LOST)

    def room_for_next(self, batch: Sequence[Settlement]) -> AbstractContextManager[HeldSlots]:
        """For the settler: slots for what storing a batch may hand over, of those that no take waits for.

        None when we stop, when others look after this partition, or when the group is limited, so that each attempt
        needs a permit: then what is next goes on by a take.
        """
        ours = self.idle_wait.assigned and not self._stopping and not self.permits.limited
        return self._slots.spare(lanes_to_continue(batch) if ours else 0)

    def room_behind(self, batch: Sequence[Settlement]) -> int:
        """For the settler: how many entries may come along behind those, to be run under their leases."""
        return welcome_behind([each.lease for each in batch if may_continue(each)], self._rules)

    def follow_ups_stored(self, batch: Sequence[Settlement]) -> None:
        """For the settler: look when they are due."""
        now = time.monotonic()
        for settlement in batch:
            counter = self._rules(settlement.lease.event.event_type).follow_ups
            for act in (*settlement.follow_ups_before, *settlement.follow_ups):
                counter.note_due(self.partition, act.delay_seconds - (now - act.stored if act.stored else 0.0))

    async def start_handed_over(self, answer: HandedOver, asked: float, held: HeldSlots) -> None:
        """For the settler: outcomes are stored. What is handed over starts at once."""
        if answer.leases:
            self._telemetry.handed_over(entries=len(answer.leases))
            await self._start_all(answer.leases, asked, held)
        if self.idle_wait.attentive or answer.something_is_due:
            self.idle_wait.wake()
