"""Settling in batches: outcomes queue up while one call is under way, and the next call carries them all."""

import asyncio
import time
from collections import deque
from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from itertools import islice, takewhile
from typing import Protocol, TypeVar

from salesloft_webhooks.background import repeat
from salesloft_webhooks.broker import Group, HandedOver, Lease, Outcome, Settled, Settlement
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.backoff import Backoff
from salesloft_webhooks.worker.concurrency_limit import HeldSlots
from salesloft_webhooks.worker.outcome_bounds import ConfirmedLately, Unsettled, as_heard, light_enough

BATCH = 200
"""Outcomes in one call."""
STORE_BACKOFF = Backoff(base_seconds=0.1, cap_seconds=2.0)
KNOWN_MOST = 20_000
"""Entries of a partition that are known to be done, the latest: 4 MB. With more they are known less long."""

Key = TypeVar("Key", bound=Hashable)


class Counts(dict[Key, int]):
    """How often each is there. A `Counter` also keeps what is there no more, and is slow to say that one is not."""

    def add(self, key: Key) -> None:
        """There is one more."""
        self[key] = self.get(key, 0) + 1

    def remove(self, key: Key) -> None:
        """There is one less, of what is there."""
        if self[key] == 1:
            del self[key]
        else:
            self[key] -= 1


class Lanes(Protocol):
    """Whoever runs what is handed over when the head of a lane is finished."""

    def room_for_next(self, batch: Sequence[Settlement]) -> AbstractContextManager[HeldSlots]:
        """Slots for what storing a batch may hand over, held meanwhile."""

    def room_behind(self, batch: Sequence[Settlement]) -> int:
        """How many entries may come along, behind what storing a batch hands over."""

    def follow_ups_stored(self, batch: Sequence[Settlement]) -> None:
        """Called when a batch is stored with which follow-ups have come: they will be due."""

    async def start_handed_over(self, answer: HandedOver, asked: float, held: HeldSlots) -> None:
        """Run what a call begun at ``asked`` (monotonic) handed over; until it returns, the queue is not empty."""


class Settler:
    """Stores the outcomes of one partition.

    An outcome stays in the queue until the store has answered: while Redis is away it waits. A repeat after a lost
    reply is harmless, the store answers `gone`. What dies with the process is run again by others when its lease
    lapses: at least once.

    Args:
        group: Whose outcomes they are.
        partition: Which stream.
        telemetry: What it reports to.
        lanes: Who goes on with what it hands over.
        gathered: Set unless the loop is letting events gather: then the next take is a moment away, and what nothing
            waits for is sent with it.
    """

    def __init__(
        self, group: Group, partition: int, telemetry: WorkerTelemetry, lanes: Lanes, gathered: asyncio.Event
    ) -> None:
        self._group = group
        self._partition = partition
        self._telemetry = telemetry
        self._lanes = lanes
        self._gathered = gathered
        self._queue: deque[Unsettled] = deque()
        self._releasing = Counts[tuple[str, int]]()
        self._done = Counts[str]()
        self._confirmed: deque[tuple[float, list[str]]] = deque()
        # A replica that is promoted gives out what it takes for leased when that has lapsed, a minute or more later.
        self._known_seconds = 2 * group.options.lease_seconds + 60
        self._confirmed_lately = ConfirmedLately()
        self._failed = 0.0  # monotonic: the latest moment at which the store may have become another one
        self._with_follow_ups = 0  # of the queue: so that nothing has to be looked through without any
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, settlement: Settlement, renewed: float | None = None, *, joined: bool = False) -> None:
        """Queue an outcome; returns at once. ``renewed``: when its lease was last known to be ours; default: now."""
        self._queue.append(Unsettled(settlement, time.monotonic() if renewed is None else renewed, joined))
        if settlement.outcome is Outcome.RELEASE:
            self._releasing.add(_attempt_of(settlement.lease))
        elif settlement.outcome is Outcome.DONE:
            self._done.add(settlement.lease.entry_id)
        self._empty.clear()
        if settlement.follow_ups or settlement.follow_ups_before:
            self._with_follow_ups += 1
        self._filled.set()

    def add_run(self, settlements: Sequence[Settlement], renewed: float) -> None:
        """Queue the outcomes of a run in a lane: in this order, in one call."""
        for number, settlement in enumerate(settlements):
            self.add(settlement, renewed, joined=number > 0)

    def is_releasing(self, lease: Lease) -> bool:
        """Whether a release of an attempt with the same number is not confirmed yet.

        It is the one outcome that does not change the number, so a repeat of it would release this lease, too.
        """
        return _attempt_of(lease) in self._releasing

    def is_done(self, lease: Lease) -> bool:
        """Whether an attempt of ours of the same entry is done: in the queue, or confirmed not too long ago.

        The store may have leased it again before it heard of that; or it is a promoted replica, which has not heard.
        """
        return lease.entry_id in self._done

    def forget_confirmed(self) -> None:
        """Called when a take has been answered: what was confirmed long ago is not leased by a later one."""
        confirmed, since = self._confirmed, time.monotonic() - self._known_seconds
        while confirmed and (confirmed[0][0] < since or len(self._done) > KNOWN_MOST):
            for entry_id in confirmed.popleft()[1]:
                self._done.remove(entry_id)

    def say_again(self) -> None:
        """Called when the store has failed or is connected anew: it may be a promoted replica, which has not heard all.

        What was confirmed last is stored once more, and no more: with every other answer lost, all would be repeats.
        """
        self._failed = time.monotonic()
        for settlement in self._confirmed_lately.taken():
            self.add(settlement)
            self._queue[-1].again = True

    def is_behind(self, seconds: float) -> bool:
        """Whether the first outcome's lease has not been renewed for so long: store it before anything is taken."""
        return bool(self._queue) and time.monotonic() - self._queue[0].renewed > seconds

    def unsettled(self) -> list[Unsettled]:
        """The queue. May be called from another thread."""
        return list(self._queue.copy())

    async def drained(self) -> None:
        """Wait until every outcome is stored."""
        await self._empty.wait()

    async def run(self) -> None:
        """Settle until cancelled."""
        await repeat(self._settle_next, failed=self._postponed)

    def _postponed(self, error: Exception, failures: int) -> float:
        if not isinstance(error, StoreError):
            raise error
        self.say_again()
        self._telemetry.store_unavailable(str(error), f"settle {self._partition}")
        return STORE_BACKOFF.delay_seconds(failures)

    def _may_wait_for_take(self) -> bool:
        """Whether a take is a moment away, and nothing in the queue makes anything due before that."""
        return not (self._gathered.is_set() or any(_makes_something_due(each.settlement) for each in self._queue))

    async def _settle_next(self) -> None:
        await self._filled.wait()
        if self._may_wait_for_take():
            await self._gathered.wait()  # 2 ms at the most, also for what is queued meanwhile and would not wait itself
        batch = self._next_batch()
        asked = time.monotonic()
        with self._lanes.room_for_next(batch) as held:
            answer = await self._settle(batch, held.free)
            self._telemetry.store_available(f"settle {self._partition}")
            if self._with_follow_ups:
                self._lanes.follow_ups_stored(batch)
            self._forget(batch)
            await self._lanes.start_handed_over(answer, asked, held)
        if not self._queue:
            self._filled.clear()
            self._empty.set()

    def _next_batch(self) -> list[Settlement]:
        """The first outcomes in the queue: `BATCH` of them, and what is joined to the last."""
        rest = iter(self._queue)
        batch = [unsettled.settlement for unsettled in islice(rest, BATCH)]
        batch += [unsettled.settlement for unsettled in takewhile(lambda each: each.joined, rest)]
        if not self._with_follow_ups:
            return batch
        if not self._group.is_connected(self._partition):
            self._failed = time.monotonic()  # behind the next connection may be another server
        batch = light_enough(batch, self._queue)
        return [as_heard(unsettled, self._failed) for unsettled in islice(self._queue, len(batch))]

    def _forget(self, batch: Sequence[Settlement]) -> None:
        now, done = time.monotonic(), list[str]()
        for _ in batch:
            unsettled = self._queue.popleft()
            settlement = unsettled.settlement
            if settlement.follow_ups or settlement.follow_ups_before:
                self._with_follow_ups -= 1
            if settlement.outcome is Outcome.RELEASE:
                self._releasing.remove(_attempt_of(settlement.lease))
            elif settlement.outcome is Outcome.DONE:
                done.append(settlement.lease.entry_id)
                if not unsettled.again:
                    self._confirmed_lately.add(settlement, now)
        if done:
            self._confirmed.append((now, done))

    async def _settle(self, batch: list[Settlement], room: int) -> HandedOver:
        began = time.perf_counter()
        behind = self._lanes.room_behind(batch) if room else 0
        answer = await self._group.settle_and_continue(self._partition, batch, room, behind)
        self._telemetry.settled(outcomes=len(batch), seconds=time.perf_counter() - began)
        for settlement, result in zip(batch, answer.results, strict=True):
            if result is Settled.LATE or result is Settled.LOST:
                self._telemetry.lease_lost(settlement.lease.event.event_type)
        return answer


def _attempt_of(lease: Lease) -> tuple[str, int]:
    return lease.entry_id, lease.event.attempt


def may_continue(settlement: Settlement) -> bool:
    """Whether storing it may hand the next entry of its lane over."""
    finished = settlement.outcome is Outcome.DONE or settlement.outcome is Outcome.DEAD
    return finished and settlement.lease.followed


def _makes_something_due(settlement: Settlement) -> bool:
    return settlement.outcome is not Outcome.DONE or settlement.lease.followed


def lanes_to_continue(batch: Sequence[Settlement]) -> int:
    """How many entries storing a batch may hand over: one in each lane."""
    return len({settlement.lease.lane for settlement in batch if may_continue(settlement)})
