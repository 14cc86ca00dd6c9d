"""The plot of a soak: memory of every process, the store's, and how far behind, over the hour, as SVG."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from tests.chaos.growth import Soaked

WIDTH, LEFT, RIGHT, HIGH, GAP = 900, 70, 130, 150, 46
COLOURS = ("#2563eb", "#0891b2", "#16a34a", "#ca8a04", "#dc2626", "#9333ea", "#475569")
Series = Mapping[str, Sequence[tuple[float, float]]]


def plot(soaked: Soaked) -> str:
    """Three panels above each other; a grey line for each fault."""
    names = sorted({name for sample in soaked.samples for name in sample.roles})
    memory = {
        name: [(sample.at, sample.roles[name].rss / 2**20) for sample in soaked.samples if name in sample.roles]
        for name in names
    }
    descriptors = {
        name: [(sample.at, float(sample.roles[name].descriptors)) for sample in soaked.samples if name in sample.roles]
        for name in names
    }
    store = [(each.at, each.store["used_memory"] / 2**20) for each in soaked.samples if each.store]
    behind = [(each.at, float(each.behind)) for each in soaked.samples]
    panels: list[tuple[str, Series]] = [
        ("Memory of each process, MiB", memory),
        ("Open descriptors of each process", descriptors),
        ("used_memory of the store, MiB", {"store": store}),
        ("Events behind, of the slowest group", {"behind": behind}),
    ]
    end, faults = max(sample.at for sample in soaked.samples), [at for at, _, _ in soaked.faults]
    drawn = [_panel(place, title, series, end, faults) for place, (title, series) in enumerate(panels)]
    high, style = len(panels) * (HIGH + GAP) + 16, 'font-family="sans-serif" font-size="12" fill="#334155"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" {style}>'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{high}" fill="#ffffff"/>', *drawn, "</svg>", ""])


def _panel(place: int, title: str, series: Series, end: float, faults: Sequence[float]) -> str:
    top = 30 + place * (HIGH + GAP)
    most = max((value for points in series.values() for _, value in points), default=1.0) * 1.05 or 1.0

    def across(at: float) -> float:
        return LEFT + at / end * (WIDTH - LEFT - RIGHT)

    def down(value: float) -> float:
        return top + HIGH - value / most * HIGH

    lines = [f'<text x="8" y="{top - 8}">{escape(title)}</text>']
    lines += [f'<path d="M{across(at):.1f} {top}v{HIGH}" stroke="#e2e8f0"/>' for at in faults]
    for value in (0.0, most / 2, most):
        lines.append(f'<text x="{LEFT - 6}" y="{down(value) + 4:.0f}" text-anchor="end">{value:,.0f}</text>')
    lines += [
        f'<text x="{across(minute * 60):.0f}" y="{top + HIGH + 14}" text-anchor="middle">{minute} min</text>'
        for minute in range(0, int(end // 60) + 1, max(1, int(end // 60) // 6))
    ]
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{across(at):.1f},{down(value):.1f}" for at, value in points)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.2"/>')
        lines.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{top + 10 + number * 15}" fill="{colour}">{escape(name)}</text>'
        )
    lines.append(f'<path d="M{LEFT} {top}v{HIGH}h{WIDTH - LEFT - RIGHT}" fill="none" stroke="#94a3b8"/>')
    return "\n".join(lines)
