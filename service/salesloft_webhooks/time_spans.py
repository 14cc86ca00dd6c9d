"""Spans of time as authors give them."""

from datetime import timedelta

LONGEST_SECONDS = 366 * 86_400
"""The longest a handler may ask to wait. Beyond it there is no intention, only a mistake in a unit."""


def span_in_seconds(asked_by: str, after: object, name: str = "after") -> float:
    """A span of time as seconds, or the author's mistake, raised where it was made, not when it is stored.

    ``name``: of the argument of ``asked_by``, for messages.
    """
    seconds = after.total_seconds() if isinstance(after, timedelta) else after
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{asked_by}({name}=...) takes seconds as a number, or a timedelta, not {type(after).__name__}")
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"{asked_by}({name}=...) must be from 0 to {LONGEST_SECONDS} seconds (a year)")
    return float(seconds)
