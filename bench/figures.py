"""What was measured: one figure for each contender and metric, with every slice's value; kept between runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import msgspec

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".bench"
"""Everything the benchmarks make on this machine."""
RESULTS = FOLDER / "results.json"
RUNS = ROOT / "docs/benchmarks.json"
"""The last whole runs, the oldest first: what docs/benchmarks.md shows."""
RUNS_KEPT = 2


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
    """One section's figures, and where and when they were measured.

    Attributes:
        date: Day and time, UTC.
        commit: Of what was measured.
        processor: Its name, and how many cores.
        interpreter: Ours.
        seconds: What it took.
        figures: What was found.
        failures: Who could not be measured, and why.
        remarks: What has to be known about the figures, e.g. which server it was.
    """

    date: str
    commit: str
    processor: str
    interpreter: str
    seconds: float
    figures: list[Figure]
    failures: dict[str, str] = {}
    remarks: list[str] = []


Results = dict[str, SectionRun]
"""A run: each section's."""


def load_results() -> Results:
    """What the last run of each section has found; empty at first."""
    return msgspec.json.decode(RESULTS.read_bytes(), type=Results) if RESULTS.exists() else {}


def keep(section: str, run: SectionRun) -> None:
    """Put a section's run in the place of its last one."""
    FOLDER.mkdir(exist_ok=True)
    RESULTS.write_bytes(_encoded(load_results() | {section: run}))


def load_runs() -> list[Results]:
    """The whole runs that the page shows."""
    return msgspec.json.decode(RUNS.read_bytes(), type=list[Results]) if RUNS.exists() else []


def keep_whole(run: Results) -> None:
    """Add a whole run to the file that is committed, and forget the oldest."""
    RUNS.write_bytes(_encoded([*load_runs(), run][-RUNS_KEPT:]))


def _encoded(what: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(what)) + b"\n"


class Table:
    """Figures of all sections of a run, to be looked up."""

    def __init__(self, results: Results) -> None:
        self.by_key = {
            (each.section, each.contender, each.metric): each for run in results.values() for each in run.figures
        }

    def median(self, section: str, contender: str, metric: str) -> float | None:
        """None when it was not measured."""
        figure = self.by_key.get((section, contender, metric))
        return figure.median if figure and figure.values else None

    def medians(self, section: str, metric: str, which: Callable[[str], bool]) -> list[float]:
        """Of all contenders whose names are such."""
        return [
            each.median
            for (its_section, contender, its_metric), each in self.by_key.items()
            if (its_section, its_metric) == (section, metric) and which(contender)
        ]

    def ratio(self, section: str, contender: str, other: str, metric: str) -> float | None:
        """How many times ``other``'s it is; slices that stood side by side are compared with each other."""
        ours, theirs = self.by_key.get((section, contender, metric)), self.by_key.get((section, other, metric))
        if not ours or not theirs:
            return None
        pairs = [mine / other for mine, other in zip(ours.values, theirs.values, strict=False) if other]
        return median(pairs) if pairs else None
