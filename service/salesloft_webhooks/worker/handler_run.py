"""What an attempt runs: its handlers; the same with permits, where some are limited; or a failure in their place."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

from salesloft_webhooks.broker import Lease
from salesloft_webhooks.errors import BodyUnreadable
from salesloft_webhooks.handlers.execution import Ending, StillLeased, Verdict, run_attempt
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.worker.attempt_rules import AttemptRules
from salesloft_webhooks.worker.handler_permits import HeldUp, Permit


class Holder(Protocol):
    """Who knows of the lease: the attempt."""

    def is_known_to_be_ours(self) -> bool:
        """Whether nobody else can have been given the event by now."""

    def is_interrupted(self) -> bool:
        """Whether somebody outside wants the attempt to end."""


def run_handlers(
    running: RunningGroup, lease: Lease, rules: AttemptRules, holder: Holder
) -> Coroutine[Any, Any, Verdict]:
    """Run the handlers of a lease's event within its rules.

    What cannot be read fails like any handler: a key may come back, and the event waits for it.

    Raises:
        asyncio.CancelledError: the holder is interrupted.
    """
    run = partial(_run, lease, rules, holder)
    if lease.unreadable:
        return run(partial(_fail, BodyUnreadable(lease.unreadable)))
    if running.limited:
        return _with_permit(running, lease, rules, holder)
    return run(partial(running.handle, lease.event, holder.is_known_to_be_ours))


def _run(
    lease: Lease, rules: AttemptRules, holder: Holder, handle: Callable[[], Coroutine[Any, Any, None]]
) -> Coroutine[Any, Any, Verdict]:
    return run_attempt(handle, rules.limits, attempt=lease.failures + 1, interrupted=holder.is_interrupted)


async def _fail(error: Exception) -> None:
    """In the handlers' place."""
    raise error


async def _with_permit(running: RunningGroup, lease: Lease, rules: AttemptRules, holder: Holder) -> Verdict:
    """Once there is a permit for each limited handler that the event is for; without them nothing runs."""
    run, event = partial(_run, lease, rules, holder), lease.event
    try:
        wants = running.wants(event, by_hand=lease.resubmitted)
        permit = await rules.permits.ask(lease, wants) if wants else None
    except HeldUp as exc:
        return Verdict(Ending.SNOOZED, exc, exc.after_seconds)
    except Exception as exc:  # noqa: BLE001 - what the event says cannot be read: a failed attempt, as for handlers
        return await run(partial(_fail, exc))
    if permit is None:
        return await run(partial(running.handle, event, holder.is_known_to_be_ours))
    try:
        return await run(partial(running.handle, event, _while(permit, holder.is_known_to_be_ours)))
    finally:
        permit.end()


def _while(permit: Permit, still_leased: StillLeased) -> StillLeased:
    """Whether a handler may begin that has a permit, which may lapse like a lease."""
    return lambda: still_leased() and permit.begins()
