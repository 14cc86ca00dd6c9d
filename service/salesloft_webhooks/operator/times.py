"""Times as Kubernetes writes them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from salesloft_webhooks.deadlines import steady_seconds

_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The years 1 and 9999. A pause may end later: by its zone, or because somebody asked for a million days."""


def steady_clock(
    unix: Callable[[], float] = time.time, steady: Callable[[], float] = steady_seconds
) -> Callable[[], float]:
    """Unix time as it was when this was called, and the seconds since: what sets the machine's clock moves nothing.

    A wait for receivers, or for SalesLoft's repeats, ends neither early nor an hour late for that.
    """
    began, since = unix(), steady()
    return lambda: began + steady() - since


def micro_time(now: datetime | None = None) -> str:
    """A time as `MicroTime` wants it: always with six digits of microseconds."""
    return (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_time(unix_seconds: float) -> str:
    """Unix time as `Time` wants it: in whole seconds, the begun one not counted; what no calendar has is its end."""
    return datetime.fromtimestamp(min(max(unix_seconds, _FIRST), _LAST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_seconds(written: str) -> float:
    """Unix time of what one of these has written.

    Raises:
        ValueError: it is no time.
    """
    return datetime.fromisoformat(written).timestamp()
