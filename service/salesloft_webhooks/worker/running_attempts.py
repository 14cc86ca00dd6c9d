"""The attempts of one partition: each, or a whole lane run together, holds one slot until its outcome is queued.

start -> (handlers run) -> ended -> settle; in a lane run: -> ended -> begin the next one -> ended -> ... -> settle all.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import HELD_UP, Group, Lease, Settlement
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.attempt import Attempt
from salesloft_webhooks.worker.attempt_rules import AttemptRules
from salesloft_webhooks.worker.concurrency_limit import ConcurrencyLimit
from salesloft_webhooks.worker.idle_wait import IdleWait
from salesloft_webhooks.worker.lane_run import LaneRun
from salesloft_webhooks.worker.settler import Settler


class RunningAttempts:
    """What runs now, and in a lane what follows it.

    Attributes:
        attempts: By entry id. All of a lane run stay until it is over.
        slots: How many slots they hold.
        on_end: Called when one is free again, in a group that is limited.
        on_refused: Called before that with the number of its grant, when a handler's limit let nothing of it begin.
    """

    def __init__(
        self,
        group: Group,
        slots: ConcurrencyLimit,
        handlers: tuple[Callable[[str], AttemptRules], RunningGroup],
        telemetry: WorkerTelemetry,
        settler: Settler,
        idle_wait: IdleWait,
        background: Background,
    ) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.slots = 0
        self.on_end: Callable[[], None] = lambda: None
        self.on_refused: Callable[[int], None] = lambda _: None
        self._grants: dict[str, int] = {}
        self._group = group
        self._slots = slots
        self._rules, self._handlers = handlers
        self._telemetry = telemetry
        self._settler = settler
        self._idle_wait = idle_wait
        self._background = background
        self._begins_no_more = False

    def begin_no_more(self) -> None:
        """Let what runs end, and nothing follow it in its lane."""
        self._begins_no_more = True

    def leased(self) -> list[Attempt]:
        """Those that run under a lease of their own. For any thread to call."""
        return [attempt for attempt in self.attempts.copy().values() if attempt.head is None]

    def start(self, lease: Lease, renewed: float, grant: int = 0) -> None:
        """Start an attempt, for which there is a slot; its lease was ours at that monotonic time.

        With the number of what gave it a permit of the group's rate.
        """
        if grant:
            self._grants[lease.entry_id] = grant
        attempt = Attempt(lease, self._rules(lease.event.event_type), renewed)
        self._slots.running += 1
        self.slots += 1
        self._begin(attempt, LaneRun(attempt, self._rules) if lease.behind else None)

    def _begin(self, attempt: Attempt, lane_run: LaneRun | None) -> None:
        self.attempts[attempt.lease.entry_id] = attempt
        task = attempt.start(self._handlers, self._telemetry)
        task.add_done_callback(partial(self._ended, attempt, lane_run))

    def _ended(self, attempt: Attempt, lane_run: LaneRun | None, task: "asyncio.Task[Settlement | None]") -> None:
        if attempt.pause_seconds is not None:
            pausing = self._pause_group(attempt.pause_seconds, attempt.pause_reason)
            self._background.start(pausing, name="pausing the group")
        # A cancelled task was interrupted before its first step.
        settlement = attempt.settlement_when_interrupted() if task.cancelled() else task.result()
        if lane_run is not None:
            self._continue_lane(lane_run, settlement)
            return
        grant = self._grants.get(attempt.lease.entry_id)
        if grant and settlement is not None and settlement.reason == HELD_UP:
            self.on_refused(grant)
        self._free_slot_of(attempt)
        if settlement is not None:
            self._settler.add(settlement, attempt.renewed)

    def _continue_lane(self, lane_run: LaneRun, settlement: Settlement | None) -> None:
        lane_run.ended(settlement)
        # In a group that is limited each attempt needs a permit, so what follows is taken.
        follower = None if self._begins_no_more or self._group.limits.limited else lane_run.next()
        if follower is None:
            self._free_slot_of(*lane_run.attempts)
            self._settler.add_run(lane_run.outcomes(), lane_run.head.renewed)
        else:
            # Came along behind what was handed over; counted when it begins, for what does not comes a second time.
            self._telemetry.handed_over(entries=1)
            self._begin(follower, lane_run)

    def _free_slot_of(self, *attempts: Attempt) -> None:
        for attempt in attempts:
            del self.attempts[attempt.lease.entry_id]
            self._grants.pop(attempt.lease.entry_id, None)
        self._slots.running -= 1
        self._slots.release()
        self.slots -= 1
        if self._group.limits.limited:
            self.on_end()
        if self._idle_wait.attentive:
            self._idle_wait.wake()

    async def _pause_group(self, seconds: float, reason: str) -> None:
        with suppress(StoreError):  # the store is away, so nothing is taken anyway; the next attempt finds out again
            await self._group.pause(seconds, reason)
