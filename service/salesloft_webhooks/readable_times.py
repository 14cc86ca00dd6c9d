"""Times as people write and read them, in commands and in the console: ``90s``, ``2h``, ``2026-03-07T04:26``."""

import re
from datetime import UTC, datetime, timedelta

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
SPAN = re.compile(r"(?P<count>\d{1,9}(?:\.\d{1,3})?)(?P<unit>[smhdw])", re.ASCII)


def parse_span(text: str) -> timedelta:
    """``90s``, ``15m``, ``2h``, ``1.5d`` or ``1w``.

    Raises:
        ValueError: it is none of these; its message is for whoever wrote it.
    """
    if not (match := SPAN.fullmatch(text.strip())):
        raise ValueError(f"{text!r} is no time span: write 90s, 15m, 2h, 1.5d or 1w")
    try:
        return timedelta(seconds=float(match["count"]) * UNITS[match["unit"]])
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any history") from None


def parse_moment(text: str, *, now: datetime | None = None) -> datetime:
    """A span before now (``2h``), or an ISO 8601 time, taken as UTC when it names no offset.

    Raises:
        ValueError: it is neither; its message is for whoever wrote it.
    """
    if SPAN.fullmatch(text.strip()):
        try:
            return (now or datetime.now(UTC)) - parse_span(text)
        except OverflowError:
            raise ValueError(f"{text!r} is longer than any history") from None
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError: there is no such year in UTC
        raise ValueError(f"{text!r} is no time: write 2h (ago) or 2026-03-07T04:26:14+00:00") from None
    return moment


def moment_text(moment: datetime) -> str:
    """A time in UTC to the second, the same everywhere in the output."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def seconds_text(seconds: float) -> str:
    """A duration to two units at most: ``0.4 s``, ``12 s``, ``3 min 5 s``, ``2 h 10 min``, ``4 d 3 h``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    for size, unit, smaller, smaller_unit in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit} {rest} {smaller_unit}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"
