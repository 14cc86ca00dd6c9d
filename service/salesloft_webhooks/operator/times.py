"""Times as Kubernetes writes them."""

from datetime import UTC, datetime


def micro_time(now: datetime | None = None) -> str:
    """A time as `MicroTime` wants it: always with six digits of microseconds."""
    return (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_time(unix_seconds: float) -> str:
    """Unix time as `Time` wants it: in whole seconds, the begun one not counted."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_seconds(written: str) -> float:
    """Unix time of what one of these has written.

    Raises:
        ValueError: it is no time.
    """
    return datetime.fromisoformat(written).timestamp()
