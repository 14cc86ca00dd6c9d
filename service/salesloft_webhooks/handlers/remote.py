"""Speaking HTTP to the systems of others, and reading their answers in one way.

What an answer means for the event:

=======================  ==========================================================================================
2xx                      done
429, 502, 503            `Unavailable`: the system says so of itself; the group pauses, no attempt is counted
no connection            `Unavailable`: it has nothing to do with this event
other 5xx, 408, 409,     `Retry`: may well be this event's own fault, so attempts are counted and end in dead letters
423, 425, a slow answer
401, 403                 `Unavailable` for a CRM: our credentials are wrong, which heals when the operator mends them
3xx, other 4xx           `PermanentError`: asking again cannot help; redirects are never followed
=======================  ==========================================================================================

`Retry-After` is honoured wherever it stands, in either of its forms. Messages carry the status, never the body: it may
quote the person.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from salesloft_webhooks.errors import HandlerSignal, PermanentError, Retry, Unavailable

LONGEST_WAIT_SECONDS = 3600.0
"""What is believed of a Retry-After at most: a typing error on the other side must not stop a group for a year."""

PAUSE_SECONDS = 10.0
"""How long a group pauses when the other side does not say."""

CREDENTIALS_PAUSE_SECONDS = 60.0

_UNAVAILABLE = frozenset({429, 502, 503})
_TRANSIENT = frozenset({408, 409, 423, 425})
_CREDENTIALS = frozenset({401, 403})


@asynccontextmanager
async def open_client(
    *, timeout_seconds: float, transport: httpx2.AsyncBaseTransport | None = None, connections: int = 50
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


@asynccontextmanager
async def exchange(system: str, seconds: float) -> AsyncIterator[None]:
    """One request to ``system`` and its answer, in ``seconds`` at most, however slowly it trickles in.

    Raises:
        Unavailable: no connection can be made.
        Retry: it broke, took too long, or the answer was no HTTP.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as exc:
        raise Unavailable(f"{system}: {type(exc).__name__}", after=PAUSE_SECONDS) from exc
    except (httpx2.RequestError, httpx2.InvalidURL, TimeoutError) as exc:
        raise Retry(f"{system}: {type(exc).__name__}") from exc


def raise_for(system: str, response: httpx2.Response, *, credentials_heal: bool = False) -> None:
    """Return for a 2xx, raise the signal for anything else.

    Args:
        system: Who answered; begins the message.
        response: The answer.
        credentials_heal: 401 and 403 mean that our credentials are wrong, not that this event is.
    """
    if not response.is_success:
        raise signal_for(system, response, credentials_heal=credentials_heal)


def signal_for(system: str, response: httpx2.Response, *, credentials_heal: bool = False) -> HandlerSignal:
    """What an answer other than 2xx means; see the module's table."""
    status = response.status_code
    message = f"{system} answered {status}"
    after = retry_after_seconds(response)
    if status in _UNAVAILABLE:
        return Unavailable(message, after=PAUSE_SECONDS if after is None else after)
    if credentials_heal and status in _CREDENTIALS:
        return Unavailable(message, after=CREDENTIALS_PAUSE_SECONDS if after is None else after)
    if status >= 500 or status in _TRANSIENT:
        return Retry(message, after=after)
    return PermanentError(message)


def retry_after_seconds(response: httpx2.Response) -> float | None:
    """The `Retry-After` of an answer (RFC 9110: seconds or a date), within reason; None without a readable one."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)
    return min(max(seconds.total_seconds(), 0.0), LONGEST_WAIT_SECONDS)
