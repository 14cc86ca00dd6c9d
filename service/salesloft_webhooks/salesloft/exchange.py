"""One request and its answer, within its time and its size. Only here do the HTTP client's errors become ours."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import httpx2

from salesloft_webhooks.errors import SalesloftUnavailable
from salesloft_webhooks.outgoing_http import http_date, retry_after_seconds

TOO_MANY = 429
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
"""A page of a hundred rows of half a megabyte each: more is no answer, and must not fill our memory."""

_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class NoAnswer(SalesloftUnavailable):
    """There is no answer that could be read at all.

    Attributes:
        code: Why, for a metric's label.
    """

    def __init__(self, code: str, *, sent: bool) -> None:
        super().__init__(f"SalesLoft: {code}", perhaps_done=sent)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, whatever it says.

    Attributes:
        status: Of HTTP.
        body: All of it; it may be about a person.
        date: When SalesLoft wrote it, by its own clock; None if it does not say.
        cost: Units it cost; None if it does not say.
        remaining: Units left in this minute; None if it does not say.
        retry_after_seconds: How long SalesLoft wants to be left alone; None if it does not say.
    """

    status: int
    body: bytes = field(repr=False)
    date: datetime | None = None
    cost: int | None = None
    remaining: int | None = None
    retry_after_seconds: float | None = None

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return 200 <= self.status < 300


async def exchange(http: httpx2.AsyncClient, request: httpx2.Request, seconds: float) -> Answer:
    """Send a request and read all of its answer, within ``seconds``, however slowly it trickles in.

    Raises:
        NoAnswer: there is none.
    """
    code, sent = "broken", True
    try:
        async with asyncio.timeout(seconds):
            response = await http.send(request, stream=True)
            try:
                return _answer(response, await _body(response))
            finally:
                await response.aclose()
    except _NEVER_SENT as exc:
        code, sent = "timeout" if isinstance(exc, httpx2.TimeoutException) else "unreachable", False
    except (httpx2.TimeoutException, TimeoutError):
        code = "timeout"
    except (httpx2.HTTPError, httpx2.InvalidURL, _TooLarge):
        pass
    raise NoAnswer(code, sent=sent)  # outside the except blocks: their errors hold the request, and with it the token


class _TooLarge(Exception):
    pass


async def _body(response: httpx2.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER_BYTES:
            raise _TooLarge
    return b"".join(parts)


def _answer(response: httpx2.Response, body: bytes) -> Answer:
    return Answer(
        status=response.status_code,
        body=body,
        date=http_date(response.headers.get("date", "")),
        cost=_number(response, "x-ratelimit-endpoint-cost"),
        remaining=_number(response, "x-ratelimit-remaining-minute"),
        retry_after_seconds=retry_after_seconds(response),
    )


def _number(response: httpx2.Response, name: str) -> int | None:
    value = response.headers.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
