"""Carries a plan out against SalesLoft: one call at a time, and no deletion once anything has failed.

What can die between any two steps, and what the next round then finds:

    =================================  ===========================================================================
    died                               the next list shows
    =================================  ===========================================================================
    before a creation                  that it is missing: created
    after one, before we know of it    ours, by its token: nothing is created twice
    between two creations              the others, as missing; no deletion was reached
    after all creations                older ones beside them: deleted when the time has come
    between two deletions              those that are left: deleted
    =================================  ===========================================================================

Nothing is written down in between, so nothing can be written down wrongly. A plan is of one moment: what takes longer
than `BELIEVED_SECONDS` is left to the next one, and so is everything when whoever carries it out may not any more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import Struct

from salesloft_webhooks.errors import (
    SalesloftBudgetSpent,
    SalesloftError,
    SalesloftForbidden,
    SalesloftUnauthorized,
    SalesloftUnavailable,
)
from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions.plan import BELIEVED_SECONDS
from salesloft_webhooks.subscriptions.signing_keys import SigningKey
from salesloft_webhooks.subscriptions.steps import Create, Delete, Desired, Enable, Step

PAUSE_SECONDS = 0.2
"""Between two changes: SalesLoft's limit is ten requests a second, and others ask as well."""
STOPPED_BY = (SalesloftUnauthorized, SalesloftForbidden, SalesloftBudgetSpent)
"""After these nothing else would be done either."""
OUTAGE = 2
"""So many failures in a row that are not about the step are SalesLoft's, and the rest would fail as well."""


class Registry(Protocol):
    """What is needed of `salesloft.Salesloft.subscriptions`."""

    async def all(self) -> list[Subscription]:
        """Every subscription of the team."""

    async def create(self, event_type: str, callback_url: str, callback_token: str) -> Subscription:
        """A new one."""

    async def enable(self, identity: int) -> Subscription:
        """Have it sent again."""

    async def delete(self, identity: int) -> None:
        """Remove it."""


class Failure(Struct, frozen=True):
    """A step that was not done, as far as anybody knows, and why."""

    step: Step
    error: SalesloftError


class Outcome(Struct, frozen=True, kw_only=True):
    """How far a plan came.

    Attributes:
        done: Steps that SalesLoft has confirmed, in order.
        failures: Steps that failed.
        left: Steps that were not tried.
    """

    done: tuple[Step, ...] = ()
    failures: tuple[Failure, ...] = ()
    left: tuple[Step, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything was done."""
        return not (self.failures or self.left)


class Hands:
    """Who carries plans out.

    Args:
        registry: SalesLoft's subscriptions.
        may_go_on: Asked before every step: False when somebody else carries plans out by now.
        pause: Waits between two steps.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        may_go_on: Callable[[], bool] = lambda: True,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.registry = registry
        self.clock = clock
        self._may_go_on = may_go_on
        self._pause = pause

    async def carry_out(
        self, steps: Sequence[Step], desired: Desired, keys: Sequence[SigningKey], listed_at: float
    ) -> Outcome:
        """Do what the plan says, as far as it goes.

        Args:
            steps: In the order of the plan.
            desired: What the plan was made of.
            keys: What the plan was made of.
            listed_at: When the list was asked for that the plan was made of, by `clock`.
        """
        done: list[Step] = []
        failures: list[Failure] = []
        for number, step in enumerate(steps):
            if number:
                await self._pause(PAUSE_SECONDS)
            if self._too_late(listed_at) or _must_stop(step, failures):
                return Outcome(done=tuple(done), failures=tuple(failures), left=tuple(steps[number:]))
            try:
                await self._take(step, desired, keys)
            except SalesloftError as error:
                failures.append(Failure(step, error))
            else:
                done.append(step)
        return Outcome(done=tuple(done), failures=tuple(failures))

    def _too_late(self, listed_at: float) -> bool:
        return self.clock() - listed_at >= BELIEVED_SECONDS or not self._may_go_on()

    async def _take(self, step: Step, desired: Desired, keys: Sequence[SigningKey]) -> None:
        if isinstance(step, Create):
            await self.registry.create(step.event, desired.url_of(step.event), keys[step.key].token(step.event))
        elif isinstance(step, Enable):
            await self.registry.enable(step.id)
        else:
            await self.registry.delete(step.id)


def _must_stop(step: Step, failures: Sequence[Failure]) -> bool:
    if not failures:
        return False
    last = [failure.error for failure in failures[-OUTAGE:]]
    outage = len(last) == OUTAGE and all(isinstance(error, SalesloftUnavailable) for error in last)
    return isinstance(step, Delete) or isinstance(last[-1], STOPPED_BY) or outage
