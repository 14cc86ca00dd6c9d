"""Slices: contenders take turns on the same cores, so that what happens to the machine happens to all of them.

A slice during which others had more than `QUIET_SHARE` of the machine is repeated; the quietest attempt counts, and the
figure says how loud that one was. A section has its time: a part of it may go into repeats, and no round begins that
would end after it. So a busy machine makes fewer rounds, not a longer run.
"""

import time
import traceback
from collections.abc import Callable, Mapping

from bench.figures import Figure
from bench.machine import Watch
from bench.options import Options

QUIET_SHARE = 0.05
REPEATS_SHARE = 0.25
"""Of a section's time that may go into repeats."""

Measured = Mapping[str, float]
"""What a slice has found: value by metric."""
Slice = Callable[[int], Measured]
"""Measures once; gets a number that no other slice of this run gets."""


class Stage:
    """Runs slices and collects their figures.

    Args:
        section: Whose figures they are.
        options: How often, how long, and whose.

    Attributes:
        failures: Contenders that could not be measured, and why; their turn does not come again.
        remarks: What has to be known about the figures.
    """

    def __init__(self, section: str, options: Options) -> None:
        self.section = section
        self.failures: dict[str, str] = {}
        self.remarks: list[str] = []
        self._options = options
        self._began = time.monotonic()
        self._repeating = 0.0
        self._numbers = 0
        self._figures: dict[tuple[str, str], Figure] = {}

    @property
    def figures(self) -> list[Figure]:
        """All that was measured so far."""
        return list(self._figures.values())

    def interleave(self, contenders: Mapping[str, Slice], rounds: int | None = None, share: float = 1.0) -> None:
        """Every contender's slice, again and again: so many rounds, within this share of the section's time."""
        longest, seconds = 0.0, self._options.seconds * share
        for number in range(rounds or self._options.rounds):
            began = time.monotonic()
            if number and began - self._began + longest > seconds:
                print(f"  {self.section}: its time is up after {number} rounds", flush=True)
                return
            for name, measure in contenders.items():
                if self._options.only in name and name not in self.failures:
                    self._attempt(name, measure)
            longest = max(longest, time.monotonic() - began)

    def _attempt(self, contender: str, measure: Slice) -> None:
        """One slice; a contender that fails spoils nobody else's figures."""
        try:
            self.once(contender, measure)
        except Exception as exc:  # noqa: BLE001 - whatever became of a peer
            traceback.print_exc()
            self.failures[contender] = f"{type(exc).__name__}: {exc}".splitlines()[0]
            print(f"  {self.section}: {contender} has failed", flush=True)

    def once(self, contender: str, measure: Slice) -> None:
        """One slice, repeated while the machine is busy."""
        attempts = list[tuple[float, Measured]]()
        for _ in range(self._options.repeats + 1):
            self._numbers += 1
            began, watch = time.monotonic(), Watch()
            measured = measure(self._numbers)
            if attempts:
                self._repeating += time.monotonic() - began
            attempts.append((watch.foreign_share(), measured))
            if attempts[-1][0] <= QUIET_SHARE or self._repeating > REPEATS_SHARE * self._options.seconds:
                break
        foreign, measured = min(attempts, key=lambda attempt: attempt[0])
        self.note(contender, measured, foreign)

    def note(self, contender: str, measured: Measured, foreign: float = 0.0) -> None:
        """Add what a slice has found."""
        words = "  ".join(f"{metric} {value:,.4g}" for metric, value in measured.items())
        print(f"  {self.section}: {contender:28} {words}  (others had {foreign:.0%})", flush=True)
        for metric, value in measured.items():
            figure = self._figures.setdefault((contender, metric), Figure(self.section, contender, metric))
            figure.values.append(float(f"{value:.5g}"))
            figure.foreign = max(figure.foreign, round(foreign, 3))
