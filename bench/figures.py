"""What was measured: one figure for each contender and metric, with every slice's value; kept between runs."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import msgspec

FOLDER = Path(__file__).parents[1] / ".bench"
"""Everything the benchmarks make on this machine."""
RESULTS = FOLDER / "results.json"


@dataclass
class Figure:
    """The values of one metric of one contender.

    Attributes:
        section: The part of the run, e.g. ``receive``.
        contender: Who, e.g. ``ours, memory``.
        metric: What, e.g. ``per second``.
        values: One for each slice.
        foreign: The largest share of the machine that others had in any of these slices.
    """

    section: str
    contender: str
    metric: str
    values: list[float] = field(default_factory=list)
    foreign: float = 0.0

    @property
    def median(self) -> float:
        """What counts."""
        return median(self.values)


class SectionRun(msgspec.Struct):
    """One section's figures, and where and when they were measured."""

    date: str
    commit: str
    processor: str
    interpreter: str
    seconds: float
    figures: list[Figure]


Results = dict[str, SectionRun]


def load_results() -> Results:
    """What the last run of each section has found; empty at first."""
    return msgspec.json.decode(RESULTS.read_bytes(), type=Results) if RESULTS.exists() else {}


def keep(section: str, run: SectionRun) -> Results:
    """Put a section's run in the place of its last one; all that is known then."""
    results = load_results() | {section: run}
    FOLDER.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    return results


class Table:
    """Figures of all sections, to be looked up."""

    def __init__(self, results: Results) -> None:
        self.by_key = {
            (each.section, each.contender, each.metric): each for run in results.values() for each in run.figures
        }

    def median(self, section: str, contender: str, metric: str) -> float | None:
        """None when it was not measured."""
        figure = self.by_key.get((section, contender, metric))
        return figure.median if figure and figure.values else None

    def ratio(self, section: str, contender: str, other: str, metric: str) -> float | None:
        """How many times ``other``'s it is; slices that stood side by side are compared with each other."""
        ours, theirs = self.by_key.get((section, contender, metric)), self.by_key.get((section, other, metric))
        if not ours or not theirs:
            return None
        pairs = [mine / other for mine, other in zip(ours.values, theirs.values, strict=False) if other]
        return median(pairs) if pairs else None
