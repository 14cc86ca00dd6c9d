"""Times as people write and read them: ``90s``, ``2h``, ``2026-03-07T04:26``, "3 h ago"."""

import re
from datetime import UTC, datetime, timedelta

import typer

from salesloft_webhooks.readable_times import moment_text, seconds_text

__all__ = ["moment_text", "parse_moment", "parse_span", "seconds_text"]

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
SPAN = re.compile(r"(?P<count>\d{1,9}(?:\.\d{1,3})?)(?P<unit>[smhdw])", re.ASCII)


def parse_span(text: str) -> timedelta:
    """``90s``, ``15m``, ``2h``, ``1.5d`` or ``1w``.

    Raises:
        typer.BadParameter: it is none of these.
    """
    if not (match := SPAN.fullmatch(text.strip())):
        raise typer.BadParameter(f"{text!r} is no time span: write 90s, 15m, 2h, 1.5d or 1w")
    try:
        return timedelta(seconds=float(match["count"]) * UNITS[match["unit"]])
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is longer than any history") from None


def parse_moment(text: str, *, now: datetime | None = None) -> datetime:
    """A span before now (``2h``), or an ISO 8601 time, taken as UTC when it names no offset.

    Raises:
        typer.BadParameter: it is neither.
    """
    if SPAN.fullmatch(text.strip()):
        try:
            return (now or datetime.now(UTC)) - parse_span(text)
        except OverflowError:
            raise typer.BadParameter(f"{text!r} is longer than any history") from None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time: write 2h (ago) or 2026-03-07T04:26:14+00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
