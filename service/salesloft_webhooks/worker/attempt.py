"""One attempt: run the handler, turn how it ended into an outcome."""

import asyncio
import time
from collections.abc import Coroutine
from enum import StrEnum
from typing import Any

from salesloft_webhooks.broker import DEBOUNCED, FILTERED, HELD_UP, Lease, Outcome, Ran, Settlement
from salesloft_webhooks.errors import FollowUpRefused, Retry
from salesloft_webhooks.follow_ups import ASKER, Cancelled, Wanted
from salesloft_webhooks.handlers.execution import Ending, Verdict
from salesloft_webhooks.handlers.follow_up_limits import ATTEMPT_OVER, check_loop
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.telemetry import AttemptSpan, WorkerTelemetry
from salesloft_webhooks.worker.attempt_rules import AttemptRules
from salesloft_webhooks.worker.described_errors import describe
from salesloft_webhooks.worker.follow_up_asker import FollowUpAsker
from salesloft_webhooks.worker.handler_permits import HeldUp
from salesloft_webhooks.worker.handler_run import run_handlers

LONGEST_RELEASE_SECONDS = 10.0
"""How long an event that found its backend unavailable is held back itself, however long its group pauses."""

WITH_DONE = (Ending.DONE, Ending.DEBOUNCED)
"""Ends of an attempt together with which its follow-ups count."""


class Interruption(StrEnum):
    """Why a running attempt is cancelled from outside."""

    LEASE_LOST = "lease_lost"
    """Another consumer has the entry: the outcome would not count."""
    STOPPING = "stopping"
    """The worker stops and the grace period is over: hand the entry back unharmed."""


class AttemptsUsedUp(Exception):
    """As many attempts have failed as are allowed now, which may be fewer than were when they failed."""


class Attempt:
    """A lease and the task that runs its handler.

    Attributes:
        lease: What is run.
        head: The attempt under whose lease it runs, behind that in their lane (see `lane_run`); None: under its own.
        follower: The latest of those that run so under its lease.
        began: Monotonic time of the start.
        renewed: Monotonic time at which the lease was last known to be ours.
        pause_seconds: How long the handler wants its group to pause; None: it does not.
        pause_reason: Why, in one line.
    """

    __slots__ = (
        "_asker",
        "_interruption",
        "_lost",
        "_rules",
        "_task",
        "began",
        "follower",
        "head",
        "lease",
        "pause_reason",
        "pause_seconds",
        "renewed",
    )

    def __init__(self, lease: Lease, rules: AttemptRules, renewed: float) -> None:
        self.lease = lease
        self.head: Attempt | None = None
        self.follower: Attempt | None = None
        self.began, self.renewed = time.monotonic(), renewed
        self.pause_seconds: float | None = None
        self.pause_reason = ""
        self._rules = rules
        self._interruption: Interruption | None = None
        self._lost: Lease | None = None
        self._task: asyncio.Task[Settlement | None] | None = None
        self._asker: FollowUpAsker | None = None

    def start(self, running: RunningGroup, telemetry: WorkerTelemetry) -> "asyncio.Task[Settlement | None]":
        """Run the handler in a task of its own; its result is what to settle, None when the lease is lost."""
        self._task = asyncio.create_task(self._run(running, telemetry))
        return self._task

    @property
    def timeout_seconds(self) -> float:
        """How long the handler may take."""
        return self._rules.limits.timeout_seconds

    @property
    def handler_names(self) -> str:
        """The handlers it runs, for a log line about one of them."""
        return self._rules.handler_names

    @property
    def task(self) -> "asyncio.Task[Settlement | None]":
        """What runs its handlers. Started attempts only."""
        assert self._task is not None  # noqa: S101 - see above
        return self._task

    def follow(self, head: "Attempt") -> None:
        """Run under the lease of another attempt, which has ended, and end when that is lost."""
        self.head, head.follower = head, self

    def interrupt(self, why: Interruption) -> None:
        """Cancel the handler; the first reason counts."""
        if self.follower is not None:
            self.follower.interrupt(why)
        elif self._interruption is None and self._task is not None:
            self._interruption = why
            self._lost = self.lease if why is Interruption.LEASE_LOST else None
            self._task.cancel()

    def continue_under(self, lease: Lease, renewed: float) -> None:
        """Go on under a new lease: the old one had lapsed, and the process was given the same entry again.

        When the handler was asked to end already because of that, the entry is handed back once it has ended.
        """
        self.lease, self.renewed = lease, renewed
        if self.head is not None:
            if self.head.follower is self:  # else a later one runs under the head's lease, and ends with that
                self.head.follower = None
            self.head = None

    async def _run(self, running: RunningGroup, telemetry: WorkerTelemetry) -> Settlement | None:
        event, limits = self.lease.event, self._rules.limits
        with telemetry.attempt(event) as span:
            if self.lease.failures >= limits.max_attempts and self.lease.last_error:
                span.dead(AttemptsUsedUp(f"{self.lease.failures} attempts have failed"), reason="exhausted")
                return Settlement(self.lease, Outcome.DEAD, reason="exhausted", error=self.lease.last_error)
            # Only in a lane does it matter how fast handlers are.
            started = time.monotonic() if self.lease.lane else None
            event.__dict__[ASKER] = self  # where `Event.later` finds whom to ask
            try:
                verdict = await run_handlers(running, self.lease, self._rules, self)
                if self._asker is not None and verdict.ending in WITH_DONE:
                    again = await self._asker.prepare()
                    verdict = verdict if again is None else Verdict(Ending.SNOOZED, again, again.after_seconds)
            except asyncio.CancelledError:
                if self._interruption is Interruption.STOPPING:
                    span.released()
                return self.settlement_when_interrupted()
            finally:
                # A circle, through the lease, that nothing but a full collection would free.
                event.__dict__.pop(ASKER, None)
            if started is not None:
                self._rules.pace.note(time.monotonic() - started)
            settlement = self._settlement(span, verdict)
            return settlement if self._asker is None else self._asker.with_follow_ups(settlement)

    def ask_later(self, wanted: Wanted) -> Coroutine[Any, Any, bool]:
        """For the event's handlers: see `Event.later`."""
        return self._open_asker().ask_later(wanted)

    def cancel_later(self, key: str) -> Coroutine[Any, Any, Cancelled]:
        """For the event's handlers: see `Event.cancel_later`."""
        return self._open_asker().cancel_later(key)

    def _open_asker(self) -> FollowUpAsker:
        if self._task is None or self._task.done():
            raise FollowUpRefused(ATTEMPT_OVER)
        check_loop(self._task.get_loop())
        self._asker = self._asker or FollowUpAsker(self.lease, self._rules.follow_ups)
        return self._asker

    def is_known_to_be_ours(self) -> bool:
        """Whether nobody else can have been given the event by now."""
        renewed = self.renewed if self.head is None else self.head.renewed
        return time.monotonic() - renewed <= self._rules.begins_within_seconds

    def is_interrupted(self) -> bool:
        """Whether somebody outside wants it to end."""
        return self._interruption is not None

    def settlement_when_interrupted(self) -> Settlement | None:
        """What to settle when the attempt was cancelled from outside: nothing is known to be wrong with the event."""
        return None if self._lost is self.lease else Settlement(self.lease, Outcome.RELEASE)

    def _settlement(self, span: AttemptSpan, verdict: Verdict) -> Settlement:
        filtered = verdict.ending is Ending.FILTERED
        if filtered or verdict.ending is Ending.DEBOUNCED:
            (span.filtered if filtered else span.debounced)()
            return Settlement(self.lease, Outcome.DONE, reason=FILTERED if filtered else DEBOUNCED)
        if verdict.ending is Ending.DONE or verdict.error is None:
            span.done()
            # What succeeds at once has no history, and must not pay for one.
            first = self.lease.event.attempt == 1 and not self.lease.resubmitted
            return Settlement(self.lease, Outcome.DONE, ran=None if first else self._ran(span))
        if verdict.ending is Ending.DEAD:
            return self._dead(span, verdict.error, verdict.reason)
        if verdict.ending is Ending.PAUSED:
            self.pause_seconds = pause = verdict.after_seconds or 0.0
            self.pause_reason = describe(verdict.error, with_line=False)
            span.paused(verdict.error, after_seconds=pause)
            # The pause itself holds the group back; the event must be due soon after somebody ends it early.
            return Settlement(self.lease, Outcome.RELEASE, delay_seconds=min(pause, LONGEST_RELEASE_SECONDS))
        delay = verdict.after_seconds
        if verdict.ending is Ending.SNOOZED:
            return self._snoozed(span, verdict.error, delay or 0.0)
        if delay is None or (isinstance(verdict.error, Retry) and verdict.error.at_least):
            delay = max(delay or 0.0, self._rules.backoff.delay_seconds(self.lease.failures + 1))
        span.retried(verdict.error, after_seconds=delay)
        error, ran = describe(verdict.error), self._ran(span)
        return Settlement(self.lease, Outcome.RETRY, delay_seconds=delay, error=error, ran=ran)

    def _snoozed(self, span: AttemptSpan, error: BaseException, delay: float) -> Settlement:
        if isinstance(error, HeldUp):
            span.held_up(error.handler, error.limit, after_seconds=delay)
            return Settlement(self.lease, Outcome.RELEASE, delay_seconds=delay, reason=HELD_UP)
        span.snoozed(after_seconds=delay)
        return Settlement(self.lease, Outcome.RELEASE, delay_seconds=delay)

    def _dead(self, span: AttemptSpan, error: BaseException, reason: str) -> Settlement:
        span.dead(error, reason=reason)
        return Settlement(self.lease, Outcome.DEAD, reason=reason, error=describe(error), ran=self._ran(span))

    def _ran(self, span: AttemptSpan) -> Ran:
        return Ran(self.began, span.age_seconds, span.trace_id)
