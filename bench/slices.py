"""Slices: contenders take turns on the same cores, so that what happens to the machine happens to all of them.

A slice during which others had more than `QUIET_SHARE` of the machine is repeated, up to `REPEATS` times; the quietest
attempt counts, and the figure says how loud that one was.
"""

from collections.abc import Callable, Mapping

from bench.figures import Figure
from bench.machine import Watch

QUIET_SHARE = 0.05
REPEATS = 2

Measured = Mapping[str, float]
"""What a slice has found: value by metric."""
Slice = Callable[[int], Measured]
"""Measures once; gets a number that no other slice of this run gets."""


class Stage:
    """Runs slices and collects their figures.

    Args:
        section: Whose figures they are.
        rounds: How often each contender's turn comes.
        repeats: How often a slice on a busy machine is repeated; 0 where everybody knows that it is busy.
    """

    def __init__(self, section: str, rounds: int, repeats: int = REPEATS) -> None:
        self.section = section
        self.rounds = rounds
        self._repeats = repeats
        self._numbers = 0
        self._figures: dict[tuple[str, str], Figure] = {}

    @property
    def figures(self) -> list[Figure]:
        """All that was measured so far."""
        return list(self._figures.values())

    def interleave(self, contenders: Mapping[str, Slice]) -> None:
        """Every contender's slice, again and again: ``rounds`` times."""
        for _ in range(self.rounds):
            for name, measure in contenders.items():
                self.once(name, measure)

    def once(self, contender: str, measure: Slice) -> None:
        """One slice, repeated while the machine is busy."""
        attempts = list[tuple[float, Measured]]()
        for _ in range(self._repeats + 1):
            self._numbers += 1
            watch = Watch()
            measured = measure(self._numbers)
            attempts.append((watch.foreign_share(), measured))
            if attempts[-1][0] <= QUIET_SHARE:
                break
        foreign, measured = min(attempts, key=lambda attempt: attempt[0])
        self.note(contender, measured, foreign)

    def note(self, contender: str, measured: Measured, foreign: float = 0.0) -> None:
        """Add what a slice has found."""
        words = "  ".join(f"{metric} {value:,.4g}" for metric, value in measured.items())
        print(f"  {self.section}: {contender:28} {words}  (others had {foreign:.0%})", flush=True)
        for metric, value in measured.items():
            figure = self._figures.setdefault((contender, metric), Figure(self.section, contender, metric))
            figure.values.append(value)
            figure.foreign = max(figure.foreign, foreign)
