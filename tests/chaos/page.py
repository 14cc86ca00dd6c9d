"""Keeps what was found in docs/reliability.json, and writes docs/reliability.md: `python -m tests.chaos.page`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from bench.machine import processor

from tests.chaos.every_scene import SCENES
from tests.chaos.growth import Soaked
from tests.chaos.scenes import Scene
from tests.chaos.soak_plot import plot
from tests.chaos.soak_samples import Sample
from tests.chaos.trial import Found
from tests.support.rules_and_dashboards import ROOT

FIGURES, PAGE = ROOT / "docs/reliability.json", ROOT / "docs/reliability.md"
PLOT = ROOT / "docs/reliability/soak.svg"
NO_TRIALS = "Not run as a whole on a quiet machine yet: `make chaos`."
KEPT_OF = 6
"""Samples are taken every ten seconds."""
NO_SOAK = "## An hour\n\nNot measured as a whole on a quiet machine yet: `make soak`."
FIELDS = ("descriptors", "threads", "series")
BEGIN, END = "<!-- figures: make chaos -->", "<!-- end of figures -->"
HEAD = (
    "fault",
    "store",
    "lasted",
    "sent",
    "acknowledged",
    "lost",
    "repeated",
    "after done",
    "order broken",
    "well again after",
    "condition of an alert true after",
)
FURTHER = {
    "follow_ups": (
        "What became of the follow-ups that these events have asked for, in both groups:",
        ("asked for", "effected", "cancelled", "lost", "repeated", "after its end", "early", "order broken"),
    ),
    "debounced": (
        "What became of these events in the group whose handlers are debounced:",
        ("put off", "handled", "lost", "repeated", "after its end", "early", "order broken"),
    ),
    "limited": (
        "How the limits were kept in the group whose handlers are limited:",
        ("calls", "at the limit", "too many at once", "too many in a time"),
    ),
}
"""What is counted in some scenes only: by its name in `Found` what the page says of it, and the names of its counts."""


class Figures(msgspec.Struct):
    """All that is kept.

    Attributes:
        machine: On which it was found.
        date: Of the last trial.
        trials: The last of each fault in each scene.
        soak: The last one.
    """

    machine: str = ""
    date: str = ""
    trials: list[Found] = []
    soak: Soaked | None = None


def load() -> Figures:
    """What is kept; nothing at first."""
    return msgspec.json.decode(FIGURES.read_bytes(), type=Figures) if FIGURES.exists() else Figures()


def keep(results: Sequence[Found], scenes: Sequence[Scene]) -> None:
    """Put these in the place of what was found before of the same faults, and write the page."""
    figures = load()
    new = {(found.scene, found.fault): found for found in results}
    known = {(found.scene, found.fault): found for found in figures.trials} | new
    order = [scene.name for scene in scenes]
    figures.trials = sorted(known.values(), key=lambda each: (order.index(each.scene), each.fault))
    figures.date = datetime.now(UTC).date().isoformat()
    _write(figures, scenes)


def keep_soak(soaked: Soaked) -> None:
    """Put this soak in the place of the last one, and write page and plot: of an hour's samples one a minute."""
    figures = load()
    soaked.samples = [*soaked.samples[soaked.samples.index(soaked.base) : -1 : KEPT_OF], soaked.last]
    figures.soak = soaked
    _write(figures, SCENES)
    PLOT.parent.mkdir(exist_ok=True)
    PLOT.write_text(plot(soaked), "utf-8")


def _write(figures: Figures, scenes: Sequence[Scene]) -> None:
    figures.machine = processor()
    FIGURES.write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), figures, scenes), "utf-8")


def with_figures(page: str, figures: Figures, scenes: Sequence[Scene]) -> str:
    """The page with what was found between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    found = f"Found on {figures.date} on {figures.machine}: {len(figures.trials)} trials."
    origin = found + _load(figures.trials) if figures.trials else NO_TRIALS
    trials = figures.trials
    parts = [origin, broken(trials), _scenes(scenes), table(trials), *further(trials)]
    parts += [not_survived(trials), sentences(trials)]
    parts.append(soak(figures.soak) if figures.soak else NO_SOAK)
    return f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}"


def _load(trials: Sequence[Found]) -> str:
    """How busy the machine was, as far as that was written down."""
    loads = [found.load for found in trials if found.load is not None]
    if not loads:
        return ""
    return f" Others worked on the machine meanwhile: its load average went from {min(loads):.0f} to {max(loads):.0f}."


def _scenes(scenes: Sequence[Scene]) -> str:
    return "\n".join(f"- **{scene.name}**: {scene.sentence}." for scene in scenes)


def table(trials: Sequence[Found]) -> str:
    """A line for each trial."""
    rule = ("---", "---", *("---:" for _ in HEAD[2:-1]), "---")
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (HEAD, rule, *map(_cells, trials)))


def _cells(found: Found) -> tuple[str, ...]:
    counts = found.counts
    seconds = "not in time" if found.recovery_seconds is None else f"{found.recovery_seconds:.1f} s"
    return (
        found.fault,
        found.scene,
        f"{found.struck_seconds:.0f} s",
        f"{counts.sent:,}",
        f"{counts.acknowledged:,}",
        f"{max(counts.lost.values())}{' (no promise)' if found.may_lose else ''}",
        f"{counts.repeated}",
        f"{counts.after_done}",
        f"{counts.order_broken}",
        seconds,
        ", ".join(
            f"{name.removeprefix('SalesloftWebhooks')} {after:.0f} s, then {wait}" for name, after, wait in found.alerts
        )
        or "-",
    )


def broken(trials: Sequence[Found]) -> str:
    """Which promises were not held, and how busy the machine was then."""
    lines = [
        f"- **{found.fault}** ({found.scene}): {'; '.join(found.problems)}"
        + (f", at a load average of {found.load:.0f}." if found.load is not None else ".")
        for found in trials
        if found.problems
    ]
    if not lines:
        return "No promise was broken." if trials else ""
    return "\n".join(["Broken, and not mended or not tried again yet:", "", *lines])


def further(trials: Sequence[Found]) -> Iterator[str]:
    """A line for each trial with follow-ups, if there is one; the same of what else only some scenes have."""
    for name, (said, head) in FURTHER.items():
        if rows := [(found.fault, found.scene, *counts) for found in trials if (counts := _counts(found, name))]:
            yield said
            cells = (("fault", "store", *head), ("---", "---", *("---:" for _ in head)), *rows)
            yield "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _counts(found: Found, name: str) -> tuple[str, ...]:
    counts = getattr(found, name)
    return () if counts is None else tuple(f"{count:,}" for count in msgspec.structs.astuple(counts))


def not_survived(trials: Sequence[Found]) -> str:
    """What was lost where the durability level promises nothing."""
    lines = [
        f"- **{found.scene}**, {found.fault}: {max(found.counts.lost.values()):,} of {found.counts.acknowledged:,} "
        "acknowledged events were lost."
        for found in trials
        if found.may_lose
    ]
    return "\n".join(["What a durability level does not promise to survive, and what that cost here:", "", *lines])


def sentences(trials: Sequence[Found]) -> str:
    """What each fault is."""
    told = {found.fault: f"- **{found.fault}**: {found.sentence} Ends: {found.heals}." for found in trials}
    return "\n".join(told.values())


def soak(soaked: Soaked) -> str:
    """The soak in words and as a table of what was compared."""
    base, last = soaked.base, soaked.last
    words = (
        f"On {soaked.date}, {soaked.seconds / 60:.0f} minutes, {soaked.acknowledged:,} events acknowledged "
        f"({soaked.rate:,.0f} a second), {len(soaked.faults)} faults: {soaked.lost} lost, "
        f"{soaked.repeated:,} repeated, {soaked.after_done} after done, {soaked.order_broken} out of order, "
        f"{soaked.given_up} given up by the sender. "
        + ("Nothing has grown." if not soaked.problems else "Broken: " + "; ".join(soaked.problems) + ".")
    )
    rows: list[tuple[str, ...]] = [("", "memory, MiB", "descriptors", "threads", "metric series")]
    rows.append(("---", *("---:" for _ in rows[0][1:])))
    for name in sorted(base.roles.keys() & last.roles.keys()):
        before, now = base.roles[name], last.roles[name]
        pairs = ((before.rss >> 20, now.rss >> 20), *((getattr(before, f), getattr(now, f)) for f in FIELDS))
        rows.append((name, *(f"{was:,} / {is_:,}" for was, is_ in pairs)))
    store: list[tuple[str, ...]] = [("the store", "after two minutes / drained"), ("---", "---")]
    store += [(key, f"{base.store[key]:,} / {last.store[key]:,}") for key in base.store if key in last.store]
    store += [(f"keys `{key}`", f"{base.keys.get(key, 0):,} / {last.keys.get(key, 0):,}") for key in _kinds(base, last)]
    tables = ("\n".join(f"| {' | '.join(cells)} |" for cells in each) for each in (rows, store))
    return "\n\n".join(["## An hour", words, "![An hour](reliability/soak.svg)", *tables])


def _kinds(base: Sample, last: Sample) -> list[str]:
    return sorted(base.keys.keys() | last.keys.keys())


def row(found: Found) -> str:
    """A line for who watches the run."""
    return " | ".join((*_cells(found), *(cell for name in FURTHER for cell in _counts(found, name))))


if __name__ == "__main__":
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), load(), SCENES), "utf-8")
