"""Counts what became of many events, and turns the count into a sentence, a JSON document and an exit code."""

from collections import Counter
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from enum import StrEnum

import typer

from salesloft_webhooks.cli.console import complain, note, show, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.errors import StoreError


@dataclass
class Tally:
    """How many events came to which end.

    Attributes:
        wish: The outcome that was asked for.
        failures: Outcomes that mean it was not done, and should be known.
        outcomes: Counts so far.
        missing: Names that were asked for and do not exist.
    """

    wish: StrEnum
    failures: Collection[StrEnum] = ()
    outcomes: Counter[StrEnum] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)

    async def count(self, happenings: AsyncIterator[tuple[object, StrEnum]]) -> None:
        """Count while it happens.

        Raises:
            StoreError: after having said on stderr how far it came.
        """
        try:
            async for _, outcome in happenings:
                self.outcomes[outcome] += 1
        except StoreError:
            if self.outcomes:
                note(f"before the store failed: {self.sentence}")
            raise

    @property
    def sentence(self) -> str:
        """``12 redriven, 1 gone``."""
        counts = [f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in self.outcomes.most_common()]
        return ", ".join(counts or [f"0 {self.wish.replace('_', ' ')}"])

    @property
    def exit_code(self) -> ExitCode:
        """Whether all, some or nothing of what was asked for could be done. Nothing to do is no failure."""
        failed = len(self.missing) + sum(self.outcomes[outcome] for outcome in self.failures)
        if not failed:
            return ExitCode.OK
        return ExitCode.PARTLY if self.outcomes[self.wish] else ExitCode.FAILED

    def report(self, *, as_json: bool) -> None:
        """Print it, and end the command with the exit code it deserves."""
        for name in self.missing:
            complain(f"not found: {name}")
        if as_json:
            counts = {str(outcome): self.outcomes[outcome] for outcome in type(self.wish)}
            show_json({**counts, "missing": self.missing})
        else:
            show(self.sentence)
        raise typer.Exit(self.exit_code)
