"""Registers at a demo's SalesLoft what is missing there, now and ever again, as an operator does in a cluster.

The plan is the one that operator and commands have (`subscriptions`); this carries it out, and says what it did.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from salesloft_webhooks.cli.commands.up.supervised_process import Report
from salesloft_webhooks.errors import SalesloftError
from salesloft_webhooks.salesloft import Salesloft, open_salesloft
from salesloft_webhooks.salesloft_settings import SalesloftSettings
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.subscriptions import Create, Delete, Desired, Enable, Memory, Seen, SigningKey, Step, plan

RESYNC_SECONDS = 20.0
"""What somebody deletes or switches off by hand is back so long after."""
AGAIN_SECONDS = 2.0
"""After a failure: whatever starts or is started again is soon there."""
MOST_NAMED = 3


class Registration:
    """Keeps the subscriptions as they should be.

    Args:
        salesloft: Where.
        desired: What should be there.
        key: What the receiver verifies with, by construction: nothing has to spread.
        report: Is told what was done, and once of each failure.
    """

    def __init__(self, salesloft: Salesloft, desired: Desired, key: SigningKey, report: Report) -> None:
        self._salesloft, self._desired, self._key, self._report = salesloft, desired, key, report
        self._memory = Memory()
        self._failure = ""

    async def step(self) -> None:
        """Look once, mend what has to be mended, and wait until the next look."""
        try:
            wait = await self._mend()
            self._failure = ""
        except SalesloftError as exc:
            wait = AGAIN_SECONDS
            if str(exc) != self._failure:
                self._failure = str(exc)
                self._report(f"subscriptions: {exc}")
        await asyncio.sleep(wait)

    async def _mend(self) -> float:
        accepted = frozenset({self._key.fingerprint})
        found = await self._salesloft.subscriptions.all()
        seen = Seen(now=time.time(), receivers={"receiver": accepted})
        planned = plan(self._desired, found, [self._key], seen, self._memory)
        done: list[Step] = []
        try:
            for step in planned.steps:
                await self._carry_out(step)
                done.append(step)
        finally:
            for line in summary(done):
                self._report(f"subscriptions: {line}")
        self._memory = planned.memory
        return RESYNC_SECONDS if planned.wait_seconds is None else planned.wait_seconds

    async def _carry_out(self, step: Step) -> None:
        subscriptions = self._salesloft.subscriptions
        match step:
            case Create(event=event):
                await subscriptions.create(event, self._desired.callback_url, self._key.token(event))
            case Enable(id=identity):
                await subscriptions.enable(identity)
            case Delete(id=identity):
                await subscriptions.delete(identity)


def summary(steps: Sequence[Step]) -> list[str]:
    """What was done, in a line for each kind of step."""
    made = [step.event for step in steps if isinstance(step, Create)]
    enabled = [step.event for step in steps if isinstance(step, Enable)]
    deleted = [step.event for step in steps if isinstance(step, Delete)]
    words = {
        "registered at SalesLoft": made,
        "enabled again, which somebody had disabled": enabled,
        "deleted, which nobody wants": deleted,
    }
    return [f"{_named(events)} {what}" for what, events in words.items() if events]


def _named(events: Sequence[str]) -> str:
    return ", ".join(events) if len(events) <= MOST_NAMED else f"{len(events)} event types"


def open_demo(environment: Mapping[str, str]) -> AbstractAsyncContextManager[Salesloft]:
    """The demo's SalesLoft, with its settings alone; those of a genuine one may stand in our own environment."""
    nothing: dict[str, Any] = dict.fromkeys(set(SalesloftSettings.model_fields) - {"salesloft_token_url"})
    return open_salesloft(Settings(**nothing | {name.lower(): value for name, value in environment.items()}))
