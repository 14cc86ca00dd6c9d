"""Writes what was measured: the page docs/benchmarks.md, its pictures, and README's lines. `python -m bench.report`.

It writes the same from the same results, however often; what stands outside the marks is left as it is.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.figures import ROOT, Figure, Results, SectionRun, Table, load_runs
from bench.goals import ALONE, GOALS, LIMITS
from bench.slices import QUIET_SHARE

PAGE, README, PICTURES = Path("docs/benchmarks.md"), Path("README.md"), Path("docs/benchmarks")
BEGIN, END = "<!-- figures: make bench -->", "<!-- end of figures -->"
PLOTS = {
    "receive": ("Deliveries a second through one receiver process", "per second"),
    "work": ("Events a second through one worker process", "per second"),
    "drain": ("Events a second with so much behind", "per second"),
    "growth": ("Redis bytes of a delivery that waits", "bytes stored"),
}
IN_README = ("receive", "work")
NO_RUN = """Not measured as a whole on a quiet machine yet. What parts cost, before and after, is in
[decisions](DECISIONS) 34 (a delivery), 35 (a call of the store), 36 (an attempt) and 38 (memory).
"""
BAR, LEFT, WIDTH = 26, 210, 720


def written(runs: Sequence[Results]) -> dict[Path, str]:
    """Every file that shows the figures of these runs, the newest last, and what has to stand in it."""
    if not runs:
        places = {README: "docs/decisions", PAGE: "decisions"}
        return {path: between_marks(path, NO_RUN.replace("DECISIONS", place)) for path, place in places.items()}
    texts: dict[Path, str] = {}
    shown: dict[str, str] = {}
    for section, (title, metric) in PLOTS.items():
        if bars := _bars(runs[-1], section, metric):
            path = PICTURES / f"{section}.svg"
            texts[path] = picture(title, bars)
            shown[section] = f"![{title}](docs/benchmarks/{section}.svg)\n\n{provenance(runs[-1][section])}.\n"
    texts[README] = between_marks(README, "\n".join(shown[each] for each in IN_README if each in shown))
    pictures = "\n".join(shown.values()).replace("](docs/", "](")
    texts[PAGE] = between_marks(PAGE, "\n".join([_goals(runs), *_limits(runs), pictures, *_sections(runs)]))
    return texts


def between_marks(path: Path, text: str) -> str:
    """The file with ``text`` between its marks."""
    head, _, rest = (ROOT / path).read_text("utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{text}\n{END}{tail}"


def _goals(runs: Sequence[Results]) -> str:
    tables, names = [Table(run) for run in runs], _run_names(runs)
    head = ["line", "0.1.0", "goal", *names, "reached", "decision"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(goal.row(tables) for goal in GOALS)]
    took = ", ".join(
        f"{name} took {sum(each.seconds for each in run.values()) / 60:.1f} minutes"
        for name, run in zip(names, runs, strict=True)
    )
    return "\n".join(["## Goals\n", *lines, "", f"{took[:1].upper()}{took[1:]}.", ""])


def _limits(runs: Sequence[Results]) -> Iterator[str]:
    """What a peer without any work reaches; nothing where no run has measured it."""
    tables = [Table(run) for run in runs]
    found = {line: [value(table) for table in tables] for line, value in LIMITS.items()}
    if not any(each is not None for values in found.values() for each in values):
        return
    yield f"Limits, of `{ALONE}` in the same runs, which neither checks nor stores.\n"
    yield f"| line | {' | '.join(_run_names(runs))} |\n|{'---|' * (1 + len(runs))}"
    for line, values in found.items():
        shown = [f"{each:,.3g}" if each is not None else "not measured" for each in values]
        yield f"| {line} | {' | '.join(shown)} |"
    yield ""


def _run_names(runs: Sequence[Results]) -> list[str]:
    return ["the run"] if len(runs) == 1 else [f"run {number}" for number in range(1, len(runs) + 1)]


def _sections(runs: Sequence[Results]) -> Iterator[str]:
    """Every figure of every section, the runs beside each other."""
    for section in dict.fromkeys(name for run in runs for name in run):
        found = [run.get(section) for run in runs]
        yield f"## Section `{section}`\n"
        for name, each in zip(_run_names(runs), found, strict=True):
            if each:
                known = "; ".join([f"{each.seconds:.0f} s", *each.remarks])
                yield f"{name[:1].upper()}{name[1:]}: {provenance(each)}; {known}.\n"
                yield from (f"Not measured: {who}: {why}\n" for who, why in each.failures.items())
        yield section_table(_run_names(runs), found)


def section_table(names: Sequence[str], runs: Sequence[SectionRun | None]) -> str:
    """A section's figures: of each run the median, least and most, and what others had if that was much."""
    figures = [{(each.contender, each.metric): each for each in run.figures} if run else {} for run in runs]
    lines = [f"| who | what | {' | '.join(names)} |", "|" + "---|" * (2 + len(names))]
    for contender, metric in dict.fromkeys(key for found in figures for key in found):
        cells = [_cell(found.get((contender, metric))) for found in figures]
        lines.append(f"| {contender} | {metric} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "not measured"
    spread = f" ({min(figure.values):,.3g} to {max(figure.values):,.3g})" if len(figure.values) > 1 else ""
    busy = f", busy: others had {figure.foreign:.0%}" if figure.foreign > QUIET_SHARE else ""
    return f"{figure.median:,.4g}{spread}{busy}"


def provenance(run: SectionRun) -> str:
    """When, where and on what."""
    busy = max((each.foreign for each in run.figures), default=0.0)
    loud = f", others had up to {busy:.0%} of it" if busy > QUIET_SHARE else ""
    return f"{run.date}, {run.processor}{loud}, {run.interpreter}, commit `{run.commit}`"


def _bars(run: Results, section: str, metric: str) -> dict[str, float]:
    figures = run[section].figures if section in run else []
    return {each.contender: each.median for each in figures if each.metric == metric}


def picture(title: str, bars: dict[str, float]) -> str:
    """A bar for each contender, as SVG."""
    longest, rows = max(bars.values()), []
    for row, (name, value) in enumerate(sorted(bars.items(), key=lambda bar: -bar[1])):
        top, long = 34 + row * BAR, value / longest * (WIDTH - LEFT - 90)
        colour = "#2563eb" if name.startswith("ours") else "#94a3b8"
        rows.append(f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>')
        rows.append(f'<rect x="{LEFT}" y="{top}" width="{long:.0f}" height="{BAR - 6}" fill="{colour}"/>')
        rows.append(f'<text x="{LEFT + long + 6:.0f}" y="{top + 14}">{value:,.0f}</text>')
    high, style = 44 + len(bars) * BAR, 'font-family="sans-serif" font-size="13" fill="#334155"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" {style}>'
    ground = f'<rect width="{WIDTH}" height="{high}" fill="#ffffff"/><text x="8" y="20">{escape(title)}</text>'
    return "\n".join([head, ground, *rows, "</svg>", ""])


def write(runs: Sequence[Results]) -> None:
    """All of them."""
    (ROOT / PICTURES).mkdir(exist_ok=True)
    for path, text in written(runs).items():
        (ROOT / path).write_text(text, "utf-8")


if __name__ == "__main__":
    write(load_runs())
