"""A chart of figures over time, drawn by the server: lines of an SVG, with words for its axes."""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

WIDTH, HEIGHT = 720, 140
GAP_MS = 60_000
"""Where nobody has sampled for longer, the line has a gap: what was not seen is not drawn."""


class Chart(Struct, frozen=True):
    """What is drawn, in a box of `WIDTH` by `HEIGHT`.

    Attributes:
        lines: A polyline's points each; a gap lies between two.
        areas: What lies below each line, as a polygon's points.
        most: The figure at the upper edge; 0 is at the lower one.
    """

    lines: tuple[str, ...]
    areas: tuple[str, ...]
    most: int


def chart(figures: Sequence[tuple[int, float]], seconds: float) -> Chart:
    """A chart of the latest ``seconds``.

    Args:
        figures: Time in ms and value, the oldest first; the last one is at the right edge.
        seconds: What the width stands for.
    """
    if not figures:
        return Chart((), (), 0)
    end = figures[-1][0]
    begin = end - int(seconds * 1_000)
    shown = [(at, value) for at, value in figures if at >= begin]
    most = rounded_up(max(value for _, value in shown))
    lines, areas = [], []
    for part in _parts(shown):
        corners = [
            (WIDTH * (at - begin) / (end - begin), HEIGHT * (1 - max(value, 0) / max(most, 1))) for at, value in part
        ]
        lines.append(_points(corners))
        areas.append(_points([(corners[0][0], HEIGHT), *corners, (corners[-1][0], HEIGHT)]))
    return Chart(tuple(lines), tuple(areas), most)


def rounded_up(value: float) -> int:
    """The next 1, 2 or 5 with zeros behind it: what people read at an axis."""
    if value <= 1:
        return math.ceil(max(value, 0))
    power = int(10 ** math.floor(math.log10(value)))
    return next(step * power for step in (1, 2, 5, 10) if value <= step * power)


def _parts(figures: Iterable[tuple[int, float]]) -> list[list[tuple[int, float]]]:
    parts: list[list[tuple[int, float]]] = []
    for at, value in figures:
        if not parts or at - parts[-1][-1][0] > GAP_MS:
            parts.append([])
        parts[-1].append((at, value))
    return parts


def _points(corners: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
