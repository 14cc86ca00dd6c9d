"""Registers at a demo's SalesLoft what is missing there, now and ever again, as an operator does in a cluster.

The rounds are those of the operator and of the commands (`subscriptions.reconcile`); this says what came of them.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from salesloft_webhooks.cli.commands.up.supervised_process import Report
from salesloft_webhooks.salesloft import Salesloft, open_salesloft
from salesloft_webhooks.salesloft_settings import SalesloftSettings
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.subscriptions import (
    Create,
    Delete,
    Desired,
    Enable,
    Hands,
    Memory,
    Round,
    Seen,
    SigningKey,
    Step,
    load_declaration,
    reconcile,
)

RESYNC_SECONDS = 20.0
"""What somebody deletes or switches off by hand is back so long after."""
AGAIN_SECONDS = 2.0
"""After a failure: whatever starts or is started again is soon there."""
MOST_NAMED = 3
DECLARATION = """\
# What the demo of `up` subscribes to at its SalesLoft; written anew at each start.
kind: SalesloftSubscription
spec:
  callbackUrl: {url}
  events: [{events}]
"""


class Registration:
    """Keeps the subscriptions as they should be.

    Args:
        salesloft: Where.
        desired: What should be there.
        key: What the receiver verifies with, by construction: nothing has to spread.
        report: Is told what was done, and once of each failure.
    """

    def __init__(self, salesloft: Salesloft, desired: Desired, key: SigningKey, report: Report) -> None:
        self._hands, self._desired, self._key, self._report = Hands(salesloft.subscriptions), desired, key, report
        self._memory = Memory()
        self._failure = ""

    async def step(self) -> None:
        """One round, and the wait until the next one."""
        seen = Seen(now=time.time(), receivers={"receiver": frozenset({self._key.fingerprint})})
        made = await reconcile(self._desired, [self._key], seen, self._memory, self._hands)
        self._memory = made.plan.memory
        for line in summary(made.outcome.done):
            self._report(f"subscriptions: {line}")
        failure = "" if made.error is None else str(made.error)
        if failure and failure != self._failure:
            self._report(f"subscriptions: {failure}")
        self._failure = failure
        await asyncio.sleep(_until_next(made))


def _until_next(made: Round) -> float:
    if made.error is not None:
        return AGAIN_SECONDS
    seconds = made.next_seconds(0)
    return RESYNC_SECONDS if seconds is None else seconds


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


def declare(path: Path, callback_url: str, events: Iterable[str]) -> Desired:
    """Write down what is wanted, for people and for commands in other terminals, and take it from there."""
    path.write_text(DECLARATION.format(url=callback_url, events=", ".join(sorted(events))), encoding="utf-8")
    return load_declaration(path.name, path).desired


def open_demo(environment: Mapping[str, str]) -> AbstractAsyncContextManager[Salesloft]:
    """The demo's SalesLoft, with its settings alone; those of a genuine one may stand in our own environment."""
    nothing: dict[str, Any] = dict.fromkeys(set(SalesloftSettings.model_fields) - {"salesloft_token_url"})
    return open_salesloft(Settings(**nothing | {name.lower(): value for name, value in environment.items()}))
