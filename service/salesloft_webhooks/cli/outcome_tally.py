"""Counts what became of many events, shows how far it is, and says in the end what was done, also after Ctrl-C."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import typer

from salesloft_webhooks.background import cancellation_requested
from salesloft_webhooks.cli.console import complain, note, show, show_json, stderr
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.errors import StoreError

T = TypeVar("T")
Results = AsyncIterator[tuple[object, StrEnum]]
"""What became of each thing."""


@dataclass
class OutcomeTally:
    """How many events came to which end.

    Attributes:
        goal: The outcome that was asked for.
        failures: Outcomes that mean it was not done, and should be known.
        outcomes: Counts so far.
        missing: Names that were asked for and do not exist.
        nearest: What to say about the nearest to each that do, `` (nearest: ...)``.
        stop: Set by Ctrl-C: what is under way is finished and counted, nothing more is begun.
        act: What the audit calls it: ``redrive``.
        about: With which arguments the audit has it: none with personal data.
        facts: What else scripts are told.
        again: How to go on after Ctrl-C.
        incomplete: Whether some of what was asked for could not be looked at.
    """

    goal: StrEnum
    failures: Collection[StrEnum] = ()
    outcomes: Counter[StrEnum] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    nearest: dict[str, str] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    act: str = ""
    about: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    again: str = "repeat the command to go on"
    incomplete: bool = False

    def is_stopped(self) -> bool:
        """Whether somebody has pressed Ctrl-C."""
        return self.stop.is_set()

    async def until_stopped(self, items: AsyncIterator[T]) -> AsyncIterator[T]:
        """The same, until somebody presses Ctrl-C."""
        async for item in items:
            if self.stop.is_set() or cancellation_requested():
                return
            yield item

    async def count(self, results: Results, *, total: int | None = None) -> None:
        """Count while it happens; what makes it happen should come through `until_stopped`.

        Args:
            results: What became of each event.
            total: How many there will be, for the progress bar.

        Raises:
            StoreError: after having said on stderr how far it came.
        """
        try:
            with self._interruptible(), progress(self.goal.replace("_", " "), total) as advance:
                async for _, outcome in results:
                    self.outcomes[outcome] += 1
                    advance()
        except StoreError:
            if self.outcomes:
                note(f"before the store failed: {self.sentence}")
            raise

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        from salesloft_webhooks.operations.stop_signals import stop_event

        with stop_event() as stop:
            self.stop = stop
            yield

    @property
    def sentence(self) -> str:
        """``12 redriven, 1 gone``."""
        counts = [f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in self.outcomes.most_common()]
        return ", ".join(counts or [f"0 {self.goal.replace('_', ' ')}"])

    @property
    def exit_code(self) -> ExitCode:
        """Whether all, some or nothing of what was asked for could be done. Nothing to do is no failure."""
        unread = self.missing or self.incomplete
        failed = self.stop.is_set() or unread or any(self.outcomes[outcome] for outcome in self.failures)
        if not failed:
            return ExitCode.OK
        return ExitCode.PARTLY if self.outcomes[self.goal] else ExitCode.FAILED

    def report(self, *, as_json: bool) -> None:
        """Print it, and end the command with the exit code it deserves."""
        for name in self.missing:
            complain(f"not found: {name}{self.nearest.get(name, '')}")
        if self.stop.is_set():
            complain(f"interrupted: the rest is as it was; {self.again}")
        if as_json:
            counts = {str(outcome): self.outcomes[outcome] for outcome in type(self.goal)}
            show_json({**counts, "missing": self.missing, "interrupted": self.stop.is_set(), **self.facts})
        else:
            show(self.sentence)
        raise typer.Exit(self.exit_code)


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    """A bar on stderr, if somebody is there to see it; call what is yielded once per event."""
    console = stderr()
    if not console.is_terminal:
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
