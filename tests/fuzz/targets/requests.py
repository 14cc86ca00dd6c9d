"""A connection of the HTTP server, in this process and without a network, beside a strict parser."""

import asyncio
import re
from functools import cache

from starlette.types import Receive, Scope, Send

from salesloft_webhooks.operations import refusals
from tests.fuzz.http.differences import READ, REFUSED
from tests.fuzz.http.reference import End, Reading, Request, reading_of
from tests.fuzz.search import Target
from tests.support.http_connections import FakeServer

_STEPS = 12
"""Turns of the loop in which an answer is made."""


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


async def _ours(pieces: list[bytes]) -> Reading:
    """What the server reads in what arrives in these pieces."""
    found: list[Request] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
        found.append((scope["method"].encode(), scope["raw_path"] + _query(scope), body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    server = FakeServer(app)
    async with server.connection() as (protocol, transport):
        for piece in pieces:
            if not transport.closed:
                protocol.data_received(piece)
            await asyncio.sleep(0)
        for _ in range(_STEPS * (1 + b"".join(pieces).count(b"HTTP/1"))):
            await asyncio.sleep(0)
        written = b"".join(transport.written)
        if written.endswith((refusals.BAD_REQUEST, refusals.HEAD_TOO_LARGE)):
            return Reading(found, End.REFUSED)
        if transport.closed:
            return Reading(found, End.CLOSED)
        return Reading(found, End.UNFINISHED if protocol._buffer or protocol.framing is not None else End.RESTING)


def _query(scope: Scope) -> bytes:
    query: bytes = scope["query_string"]
    return b"?" + query if query else b""


def _check_requests(data: bytes) -> None:
    """The first byte says in which pieces the rest arrives."""
    size, data = (data[0] if data else 0), data[1:]
    pieces = [data[start : start + size] for start in range(0, len(data), size)] if size else [data]
    ours = _loop().run_until_complete(_ours([*pieces[:200], b"".join(pieces[200:])]))
    theirs = reading_of(data)
    compare(ours, theirs, data)


def compare(ours: Reading, theirs: Reading, data: bytes) -> None:
    """That every request which is taken is the one that the strict parser takes, and that what differs has a reason.

    Raises:
        AssertionError: it is not, or has none.
    """
    for one, other in zip(ours.requests, theirs.requests, strict=False):
        assert one[0] == other[0], "another method"
        assert one[2] == other[2], "another body"
        assert one[1] in {other[1], _path(other[1])}, "another target"
    if len(ours.requests) > len(theirs.requests):
        taken = data[[0, *theirs.stops][-1] :]
        assert any(each.shows(taken) for each in READ), "taken, and the strict parser does not"
    if ours.end is End.REFUSED and len(ours.requests) < len(theirs.requests):
        start, end = [0, *theirs.stops][len(ours.requests) : len(ours.requests) + 2]
        refused = data[start:end].lstrip(b"\r\n")
        assert any(each.shows(refused) for each in REFUSED), "refused, and the strict parser does not"


def _path(target: bytes) -> bytes:
    """Of a target in absolute form, as the application gets it."""
    target = target.partition(b"#")[0]  # RFC 9112, 3.2: a fragment is no part of it, and we drop one that is there
    match = re.fullmatch(rb"https?://[^/?#]*([^#]*)(?:#.*)?", target, re.IGNORECASE)
    return target if match is None else match[1] if match[1].startswith(b"/") else b"/" + match[1]


_WORDS = [
    *(
        b"POST /webhooks/salesloft HTTP/1.1\r\nHost: test\r\n",
        b"GET / HTTP/1.1\r\nHost: test\r\n\r\n",
        b" HTTP/1.0\r\n",
    ),
    *(
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"0\r\nx: y\r\n\r\n",
    ),
    *(
        b"Connection: close\r\n",
        b"Connection: keep-alive\r\n",
        b"Upgrade: h2c\r\n",
        b"Expect: 100-continue\r\n",
        b"\r\n",
    ),
    *(b"Content-Length: 0\r\n", b"Content-Length:", b"Transfer-Encoding:", b"identity", b"gzip, chunked", b" chunked"),
    *(b';a="b"\r\n', b" \t", b"\n", b"HEAD", b"OPTIONS *", b"CONNECT a:1", b"http://test/x?y", b"+5", b"0x5", b"5, 5"),
]
REQUESTS = Target(_check_requests, ("salesloft_webhooks.operations",), _WORDS, longest_bytes=20_000)
