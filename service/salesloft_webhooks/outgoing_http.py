"""Speaking HTTP to the systems of others: how a client is opened, how long an answer asks to be left alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

LONGEST_WAIT_SECONDS = 3600.0
"""What is believed of a Retry-After at most: a typing error on the other side must not stop us for a year."""


@asynccontextmanager
async def open_client(
    *,
    timeout_seconds: float | httpx2.Timeout,
    transport: httpx2.AsyncBaseTransport | None = None,
    connections: int = 50,
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that follows no redirects and reads no proxy or netrc from the environment."""
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx2.AsyncClient(
        timeout=timeout_seconds,
        transport=transport,
        limits=limits,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "salesloft-webhooks"},
    ) as client:
        yield client


def retry_after_seconds(response: httpx2.Response) -> float | None:
    """The `Retry-After` of an answer (RFC 9110: seconds or a date), within reason; None without a readable one."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_WAIT_SECONDS)
    moment = http_date(value)
    if moment is None:
        return None
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT_SECONDS)


def http_date(value: str) -> datetime | None:
    """A date as headers carry it, with its zone; None if it is none."""
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
