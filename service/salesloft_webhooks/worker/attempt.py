"""One attempt: run the handler, turn how it ended into an outcome."""

import asyncio
import time
from enum import StrEnum

from salesloft_webhooks.broker import Lease, Outcome, Settlement
from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.loading import LoadedGroup, RunningGroup
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.telemetry.working import AttemptSpan
from salesloft_webhooks.worker.backoff import Backoff

ERROR_LENGTH = 500
"""Characters of an error kept with a dead letter: enough to say what went wrong, too little to copy a payload."""


class Interruption(StrEnum):
    """Why a running attempt is cancelled from outside."""

    LEASE_LOST = "lease_lost"
    """Another consumer has the entry: the outcome would not count."""
    STOPPING = "stopping"
    """The worker stops and the grace period is over: hand the entry back unharmed."""


class AttemptTimeout(Exception):
    """The handler did not finish within its time-out."""


class HandlerCancelled(Exception):
    """The handler was cancelled from inside, by nobody's wish of ours."""


class LostAttempts(Exception):
    """All allowed attempts were spent by workers that never reported back."""


class Attempt:
    """A lease and the task that runs its handler.

    Attributes:
        lease: What is run.
        timeout_seconds: How long the handler may take.
        began: Monotonic time of the start.
        renewed: Monotonic time at which the lease was last known to be ours.
        pause_seconds: How long the handler wants its group to pause; None: it does not.
    """

    def __init__(self, lease: Lease, settings: Settings, loaded: LoadedGroup) -> None:
        policy = loaded.policy(lease.event.event_type)
        self.lease = lease
        self.timeout_seconds = policy.timeout_seconds or settings.handler_timeout_seconds
        self.began = self.renewed = time.monotonic()
        self.pause_seconds: float | None = None
        self._max_attempts = policy.max_attempts or settings.max_attempts
        self._backoff = Backoff(
            policy.backoff_base_seconds or settings.backoff_base_seconds,
            policy.backoff_cap_seconds or settings.backoff_cap_seconds,
        )
        self._interruption: Interruption | None = None
        self._task: asyncio.Task[Settlement | None] | None = None

    def start(self, running: RunningGroup, telemetry: WorkerTelemetry) -> "asyncio.Task[Settlement | None]":
        """Run the handler in a task of its own; its result is what to settle, None when the lease is lost."""
        self._task = asyncio.create_task(self._run(running, telemetry))
        return self._task

    def interrupt(self, why: Interruption) -> None:
        """Cancel the handler; the first reason counts."""
        if self._interruption is None and self._task is not None:
            self._interruption = why
            self._task.cancel()

    async def _run(self, running: RunningGroup, telemetry: WorkerTelemetry) -> Settlement | None:
        event = self.lease.event
        with telemetry.attempt(event) as span:
            if event.attempt > self._max_attempts:
                return self._dead(span, LostAttempts(f"{event.attempt - 1} attempts were lost"), "exhausted")
            try:
                async with asyncio.timeout(self.timeout_seconds) as limit:
                    await running.handle(event)
            except asyncio.CancelledError:
                if self._interruption is None:
                    return self._failed(span, HandlerCancelled("the handler cancelled itself"))
                if self._interruption is Interruption.STOPPING:
                    span.released()
                return self.interrupted()
            except TimeoutError as exc:
                # A time-out inside the handler (an HTTP client's, say) is the handler's error, not ours.
                late = AttemptTimeout(f"no end within {self.timeout_seconds:g} s")
                return self._failed(span, late if limit.expired() else exc)
            except Exception as exc:
                return self._failed(span, exc)
            span.done()
            return Settlement(self.lease, Outcome.DONE)

    def interrupted(self) -> Settlement | None:
        """What to settle when the attempt was cancelled from outside: nothing is known to be wrong with the event."""
        return None if self._interruption is Interruption.LEASE_LOST else Settlement(self.lease, Outcome.RELEASE)

    def _failed(self, span: AttemptSpan, error: Exception) -> Settlement:
        if isinstance(error, PermanentError):
            return self._dead(span, error, "permanent")
        if isinstance(error, Unavailable):
            self.pause_seconds = error.after_seconds
            span.paused(error, after_seconds=error.after_seconds)
            return Settlement(self.lease, Outcome.RELEASE, delay_seconds=error.after_seconds)
        if self.lease.event.attempt >= self._max_attempts:
            return self._dead(span, error, "exhausted")
        delay = self._backoff.delay_seconds(self.lease.event.attempt)
        if isinstance(error, Retry) and error.after_seconds is not None:
            delay = max(0.0, error.after_seconds)
        span.retried(error, after_seconds=delay)
        return Settlement(self.lease, Outcome.RETRY, delay_seconds=delay)

    def _dead(self, span: AttemptSpan, error: Exception, reason: str) -> Settlement:
        span.dead(error, reason=reason)
        return Settlement(self.lease, Outcome.DEAD, reason=reason, error=describe(error))


def describe(error: BaseException) -> str:
    """An error in one line: its type and the first line of its message, cut to `ERROR_LENGTH`, valid as UTF-8."""
    first_line = next(iter(str(error).splitlines()), "")
    # Messages quote broken data; a lone surrogate in one must not keep the outcome from being stored.
    return f"{type(error).__name__}: {first_line}"[:ERROR_LENGTH].encode("utf-8", "backslashreplace").decode()
