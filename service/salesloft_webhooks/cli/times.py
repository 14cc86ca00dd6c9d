"""Times on a command line: what is none is wrong usage."""

from datetime import datetime, timedelta

import typer

from salesloft_webhooks import readable_times
from salesloft_webhooks.readable_times import moment_text, seconds_text

__all__ = ["moment_text", "parse_moment", "parse_span", "seconds_text"]


def parse_span(text: str) -> timedelta:
    """See `readable_times.parse_span`.

    Raises:
        typer.BadParameter: it is no span.
    """
    try:
        return readable_times.parse_span(text)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from None


def parse_moment(text: str, *, now: datetime | None = None) -> datetime:
    """See `readable_times.parse_moment`.

    Raises:
        typer.BadParameter: it is no time.
    """
    try:
        return readable_times.parse_moment(text, now=now)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from None
