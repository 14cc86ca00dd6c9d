"""Looks and changes until enough is done; and what became of every change, whatever ended it.

A command may be ended between any two steps, and be run again: nothing is kept on this side but the file and the keys.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.subscriptions.drift import reason, require_list
from salesloft_webhooks.cli.commands.subscriptions.rows import Row, step_row
from salesloft_webhooks.cli.console import note

if TYPE_CHECKING:
    from salesloft_webhooks.cli.commands.subscriptions.session import Look, Session
    from salesloft_webhooks.errors import SalesloftError
    from salesloft_webhooks.subscriptions import Outcome, Round

LOOK_SECONDS = 5.0
"""Between two looks at the most, while something outside has to happen."""
MOST_FAILURES = 4
"""In a row; with the waits between them, half a minute and what the client waits by itself."""
Agree = Callable[["Look"], None]
DONE, FAILED, LEFT = "done", "failed", "left"

Wait = Annotated[str, typer.Option("--wait", metavar="SPAN", help="How long to wait for receivers and for SalesLoft.")]


@dataclass(slots=True)
class Tally:
    """What became of every change that was tried.

    Attributes:
        changes: The outcome of each, in the order in which they were first tried.
        errors: Why those failed that did.
        look: The last one, if there was any.
        complete: Whether all was done that the command was to do.
        problem: Why it was not.
    """

    changes: dict[Row, str] = field(default_factory=dict)
    errors: dict[Row, str] = field(default_factory=dict)
    look: "Look | None" = None
    complete: bool = False
    problem: str = "gave up waiting; run it again to go on"

    def count(self, look: "Look", outcome: "Outcome") -> None:
        """Add what became of a look's steps."""
        tried = [(step, DONE, "") for step in outcome.done]
        tried += [(failure.step, FAILED, str(failure.error)) for failure in outcome.failures]
        tried += [(step, LEFT, "") for step in outcome.left]
        for step, became, why in tried:
            row = step_row(step, look.keys)
            self.changes[row] = became
            self.errors.pop(row, None)
            if why:
                self.errors[row] = why

    def finish(self, look: "Look") -> None:
        """SalesLoft's list shows that nothing is left: what failed was done all the same, or is not needed any more."""
        self.look, self.complete = look, True
        self.changes = dict.fromkeys(self.changes, DONE)
        self.errors.clear()

    def give_up(self, problem: str) -> None:
        """Not all is done, and this is why."""
        self.complete, self.problem = False, problem

    @property
    def done(self) -> list[Row]:
        """Changes that were made."""
        return [row for row, became in self.changes.items() if became == DONE]


@dataclass(frozen=True, slots=True)
class Work:
    """What a command repeats.

    Attributes:
        enough: Whether a look shows that it is done.
        agree: Called before the changes of a look are made; ends the command if they may not be.
        wait_seconds: How long to go on while nothing can be done.
    """

    enough: Callable[["Look"], bool]
    agree: "Agree"
    wait_seconds: float

    async def repeat(self, session: "Session", tally: Tally) -> None:
        """Look and change until it is enough; `Tally.complete` says whether it ever was.

        Raises:
            SalesloftError: SalesLoft refuses, or has failed too often.
        """
        until, failures, said = time.monotonic() + self.wait_seconds, 0, ""
        while True:
            look = await session.look()
            error = look.round.error
            if error is None:
                require_list(look)
                tally.look = look
                if self.enough(look):
                    tally.finish(look)
                    return
                if (words := _unchanging(look)) != said:
                    said = words
                    note(reason(look) or "going on")
                error = await _change(session, look, self.agree, tally)
            failures = 0 if error is None else failures + 1
            seconds = _until_next(look, error, failures)
            if time.monotonic() + seconds > until:
                if error is not None:
                    raise error
                return
            await asyncio.sleep(seconds)


async def _change(session: "Session", look: "Look", agree: Agree, tally: Tally) -> "SalesloftError | None":
    """Make a look's changes; the first error."""
    if not look.round.plan.steps:
        return None
    agree(look)
    outcome = await session.carry_out(look)
    tally.count(look, outcome)
    return outcome.failures[0].error if outcome.failures else None


def _until_next(look: "Look", error: "SalesloftError | None", failures: int) -> float:
    from msgspec.structs import replace

    found = replace(look.round, error=error)
    seconds = found.next_seconds(failures)
    if error is None:
        return LOOK_SECONDS if seconds is None else min(seconds, LOOK_SECONDS)
    if failures >= MOST_FAILURES or _is_final(found):
        raise error
    return LOOK_SECONDS if seconds is None else seconds


def _is_final(found: "Round") -> bool:
    """Whether only a person can mend it."""
    from salesloft_webhooks.subscriptions import FailureReason

    return found.failure in (FailureReason.CREDENTIALS_REFUSED, FailureReason.FORBIDDEN, FailureReason.REFUSED)


def _unchanging(look: "Look") -> str:
    """What is waited for, without for how long."""
    return f"{look.round.plan.phase} {look.round.plan.why}" if reason(look) else ""
