"""One run of a group's handlers within its limits, and what its end means.

The worker and the test kit both run handlers through `run_attempt`, so a test says what a worker would do.

====================================================  ===========================================================
the handlers                                          verdict
====================================================  ===========================================================
return                                                done
are all kept from the event by filters                filtered
are debounced, those that are not kept from it        debounced
raise `Unavailable`                                   the group pauses; the attempt is not counted
raise `PermanentError`                                dead: ``permanent``
raise `Retry`, or anything else                       retry; in the last allowed attempt dead: ``exhausted``
raise ``Retry(after=..., counted=False)``             snoozed: again after that time, the attempt is not counted
do not return within the time-out                     the same, with `AttemptTimeout`, whatever they made of the
                                                      cancellation: who goes on after it has not finished in time
cancel themselves, call ``sys.exit()``                the same, with `HandlerCancelled`, `HandlerExited`
raise an exception group (``asyncio.TaskGroup``)      what its weightiest member says: an outage weighs most, because it
                                                      may have caused the others, then `PermanentError`, then `Retry`,
                                                      and a snooze only where nothing has failed
====================================================  ===========================================================
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from salesloft_webhooks.deadlines import Deadlines
from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.routes import Policy
from salesloft_webhooks.handlers.sys_exit import HandlerExited, contain_exits
from salesloft_webhooks.settings import Settings

WEIGHTIEST_FIRST = (Unavailable, PermanentError, Retry)

StillLeased = Callable[[], bool]
"""Says whether nobody else can have been given an event.

Asked right before a handler is called, wherever the event has waited: for its turn, for company, for a process. Whoever
was frozen meanwhile goes on where they stood, and sooner than they hear that others have done it.
"""


class AttemptTimeout(Exception):
    """The handler did not finish within its time-out."""


class HandlerCancelled(Exception):
    """The handler was cancelled from inside, by nobody's wish of ours."""


class Ending(StrEnum):
    """What the end of an attempt means for the event."""

    DONE = "done"
    """Handled."""
    FILTERED = "filtered"
    """No handler ran: filters did not want what the event says. As final as done."""
    DEBOUNCED = "debounced"
    """No handler ran: those that would are debounced, and are called later, by a follow-up. As final as done."""
    RETRY = "retry"
    """Failed; tried again later."""
    DEAD = "dead"
    """Failed for good: a dead letter."""
    PAUSED = "paused"
    """The backend is unavailable: the group pauses, the attempt is not counted."""
    SNOOZED = "snoozed"
    """It was too early: again at a later time, the attempt is not counted."""


class NotRun(Exception):
    """No handler ran, and none has failed: raised in their place."""

    ending: Ending


class NotWanted(NotRun):
    """Filters kept every handler from the event."""

    ending = Ending.FILTERED


class PutOff(NotRun):
    """Debounced handlers are called later, and no other has run."""

    ending = Ending.DEBOUNCED


@dataclass(frozen=True, slots=True)
class AttemptLimits:
    """What an attempt is allowed.

    Attributes:
        timeout_seconds: How long it may take.
        max_attempts: How many attempts may fail before the event is a dead letter.
        deadlines: Cancels those that take longer, as `asyncio.timeout` would; shared by all with the same limits.
    """

    timeout_seconds: float
    max_attempts: int
    deadlines: Deadlines[asyncio.Task[object]] = field(repr=False, compare=False)

    @classmethod
    def of(cls, policy: Policy, settings: Settings, *, waits_seconds: float = 0.0) -> "AttemptLimits":
        """The group's settings with a handler's overrides, and the time that is none of the handler's."""
        seconds = (policy.timeout_seconds or settings.handler_timeout_seconds) + waits_seconds
        return cls(seconds, policy.max_attempts or settings.max_attempts, Deadlines(seconds, asyncio.Task.cancel))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt came to.

    Attributes:
        ending: What follows.
        error: What decided it; None when done.
        after_seconds: When to try again, or how long to pause, if the handler said so; else the group's back-off holds.
        reason: Of a dead letter: ``permanent`` or ``exhausted``; else empty.
    """

    ending: Ending
    error: BaseException | None = None
    after_seconds: float | None = None
    reason: str = ""


def too_late() -> Retry:
    """What to raise in place of calling a handler: the event goes back, and no attempt is counted."""
    return Retry("its lease may have lapsed before the handler was called", after=0, counted=False)


DONE = Verdict(Ending.DONE)


async def run_attempt(
    handle: Callable[[], Awaitable[None]], limits: AttemptLimits, *, attempt: int, interrupted: Callable[[], bool]
) -> Verdict:
    """Run the handlers once.

    Args:
        handle: Runs every handler of the event.
        limits: See `AttemptLimits`.
        attempt: Which attempt this is, from 1.
        interrupted: Whether somebody outside wants the attempt to end; asked when it is cancelled.

    Raises:
        asyncio.CancelledError: ``interrupted``, whatever the handlers made of it, unless they raised a `HandlerSignal`.
    """
    contain_exits()
    error: BaseException | None = None
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - for types: coroutines of asyncio are run by tasks
    limits.deadlines.begin(task)  # the task is in no other attempt
    try:
        await handle()
    except asyncio.CancelledError:
        if interrupted():
            raise
        error = HandlerCancelled("the handler cancelled itself")
    except (Exception, BaseExceptionGroup) as exc:  # noqa: BLE001 - a group with a base exception in it is no Exception
        error = exc
    except SystemExit:
        error = HandlerExited("the handler called sys.exit()")
    finally:
        too_late = not limits.deadlines.end(task)
        if too_late:
            task.uncancel()
    if error is not None and _signals(error):
        return verdict_of(error, attempt=attempt, max_attempts=limits.max_attempts)
    # Also when it returned: who catches the cancellation has seldom finished, and an event is at stake.
    if interrupted():
        raise asyncio.CancelledError from error
    if too_late:
        error = AttemptTimeout(f"no end within {limits.timeout_seconds:g} s")
    return verdict_of(error, attempt=attempt, max_attempts=limits.max_attempts)


def verdict_of(error: BaseException | None, *, attempt: int, max_attempts: int) -> Verdict:
    """What the error of an attempt (None: it returned) means."""
    if error is None or isinstance(error, NotRun):
        return Verdict(error.ending) if error else DONE
    signals, leaves = _signals(error), list(leaves_of(error))
    if signals or len(leaves) == 1:
        error = (signals or leaves)[0]
    if isinstance(error, Unavailable):
        pauses = [each.after_seconds for each in signals if isinstance(each, Unavailable)]
        return Verdict(Ending.PAUSED, error, max(pauses))
    if isinstance(error, PermanentError):
        return Verdict(Ending.DEAD, error, reason="permanent")
    if all(isinstance(leaf, Retry) and not leaf.counted for leaf in leaves):
        return Verdict(Ending.SNOOZED, error, _longest_wait(signals))
    if attempt >= max_attempts:
        return Verdict(Ending.DEAD, error, reason="exhausted")
    return Verdict(Ending.RETRY, error, _longest_wait(signals))


def _longest_wait(signals: Iterable[BaseException]) -> float | None:
    """Until a retry that was asked for; None: nobody said when."""
    waits = [each.after_seconds for each in signals if isinstance(each, Retry) and each.after_seconds is not None]
    return max(waits, default=None)


def _signals(error: BaseException) -> list[BaseException]:
    """The `HandlerSignal` instances in an error, the weightiest first; an exception group is looked through."""
    leaves = list(leaves_of(error))
    return [leaf for kind in WEIGHTIEST_FIRST for leaf in leaves if isinstance(leaf, kind)]


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """The errors in an exception group, however deep; an ordinary error is its own."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves_of(inner)
    else:
        yield error
