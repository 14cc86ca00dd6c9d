"""Writes what was measured: the page docs/benchmarks.md, its pictures, and README's lines. `python -m bench.report`.

It writes the same from the same results, however often; what stands outside the marks is left as it is.
"""

from pathlib import Path

from bench.figures import Results, SectionRun, Table, load_results
from bench.goals import GOALS
from bench.slices import QUIET_SHARE

ROOT = Path(__file__).parents[1]
PAGE, README, PICTURES = ROOT / "docs/benchmarks.md", ROOT / "README.md", ROOT / "docs/benchmarks"
BEGIN, END = "<!-- figures: make bench -->", "<!-- end of figures -->"
PLOTS = {"receive": "Deliveries a second through one process", "work": "Events a second through one process"}
BAR, LEFT, WIDTH = 26, 210, 720


def between_marks(path: Path, text: str) -> None:
    """Put ``text`` between the marks of the file."""
    head, _, rest = path.read_text("utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    path.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{tail}", "utf-8")


def section_table(run: SectionRun) -> str:
    """Every figure of a section: median, least and most, and what others had of the machine."""
    lines = ["| who | what | median | slices | others had |", "|---|---|---|---|---|"]
    for each in run.figures:
        spread = f"{min(each.values):,.3g} to {max(each.values):,.3g}" if len(each.values) > 1 else "one"
        busy = f"{each.foreign:.0%}{', busy' if each.foreign > QUIET_SHARE else ''}"
        lines.append(f"| {each.contender} | {each.metric} | {each.median:,.3g} | {spread} | {busy} |")
    return "\n".join(lines) + "\n"


def provenance(run: SectionRun) -> str:
    """When, where and on what."""
    return f"{run.date}, {run.processor}, {run.interpreter}, commit `{run.commit}`"


def picture(title: str, bars: dict[str, float]) -> str:
    """A bar for each contender, as SVG."""
    longest, rows = max(bars.values()), []
    for row, (name, value) in enumerate(sorted(bars.items(), key=lambda bar: -bar[1])):
        top, long = 34 + row * BAR, value / longest * (WIDTH - LEFT - 90)
        colour = "#2563eb" if name.startswith("ours") else "#94a3b8"
        rows.append(f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end">{name}</text>')
        rows.append(f'<rect x="{LEFT}" y="{top}" width="{long:.0f}" height="{BAR - 6}" fill="{colour}"/>')
        rows.append(f'<text x="{LEFT + long + 6:.0f}" y="{top + 14}">{value:,.0f}</text>')
    high, style = 44 + len(bars) * BAR, 'font-family="sans-serif" font-size="13" fill="#334155"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" {style}>'
    ground = f'<rect width="{WIDTH}" height="{high}" fill="#ffffff"/><text x="8" y="20">{title}</text>'
    return "\n".join([head, ground, *rows, "</svg>", ""])


def write(results: Results) -> None:
    """Everything that is known."""
    table, shown = Table(results), list[str]()
    PICTURES.mkdir(exist_ok=True)
    for section, title in PLOTS.items():
        if section in results:
            figures = [each for each in results[section].figures if each.metric == "per second"]
            bars = {each.contender: each.median for each in figures}
            (PICTURES / f"{section}.svg").write_text(picture(title, bars), "utf-8")
            shown.append(f"![{title}](docs/benchmarks/{section}.svg)\n\n{provenance(results[section])}.\n")
    between_marks(README, "\n".join(shown))
    goals = ["| line | 0.1.0 | goal | now | reached |", "|---|---|---|---|---|", *(goal.row(table) for goal in GOALS)]
    parts = ["## Goals\n", "\n".join(goals) + "\n"]
    for name, run in results.items():
        parts += [f"## Section `{name}`\n", provenance(run) + ".\n", section_table(run)]
    between_marks(PAGE, "\n".join(parts))


if __name__ == "__main__":
    write(load_results())
