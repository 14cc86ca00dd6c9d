"""Heads and bodies, whole and in pieces."""

import re

from salesloft_webhooks.operations.body_framing import ChunkedBody, FixedLengthBody
from salesloft_webhooks.operations.request_head import BadRequest, HeadTooLarge, end_of_head, with_path
from tests.fuzz.search import Target

_REQUEST_LINE = re.compile(rb"[A-Z-]+ [!-~]+ HTTP/1[.][01]\r?\n")
_PIECES = (1, 2, 3, 7, 60)
_MOST_PIECES = 400


def _check_head(data: bytes) -> None:
    """Where a head ends does not depend on the pieces that it comes in."""
    if not data:
        return
    whole = _end(data, (len(data),))
    if not data.startswith((b"\r", b"\n")):
        for size in (size for size in _PIECES if len(data) // size <= _MOST_PIECES):
            ends = _end(data, range(size, len(data) + size, size))
            # What no end could mend is refused before its end is there; whole, it is the parser that refuses it.
            assert ends == whole or (ends == BadRequest.__name__ and _REQUEST_LINE.match(data) is None)
    assert with_path(data)


def _end(data: bytes, stops: "range | tuple[int, ...]") -> int | str | None:
    seen = 0
    end: int | None = None
    for stop in stops:
        try:
            end = end_of_head(data[:stop], seen)
        except (BadRequest, HeadTooLarge) as exc:
            return type(exc).__name__
        if end is not None:
            assert 0 < end <= stop
            return end
        seen = min(stop, len(data))
    return end


def _check_body(data: bytes) -> None:
    """What is body, and what follows it, does not depend on the pieces that it comes in."""
    size = data[0] if data else 0
    whole = [_read(framing, data, len(data) or 1) for framing in (ChunkedBody(), FixedLengthBody(size + 1))]
    for piece in (piece for piece in _PIECES if len(data) // piece <= _MOST_PIECES):
        assert _read(ChunkedBody(), data, piece) == whole[0]
        assert _read(FixedLengthBody(size + 1), data, piece) == whole[1]


def _read(framing: ChunkedBody | FixedLengthBody, data: bytes, size: int) -> tuple[bytes, bytes | None] | None:
    """The body and what follows it; None: refused."""
    body = b""
    for start in range(0, len(data), size):
        try:
            more, rest = framing.feed(data[start : start + size])
        except BadRequest:
            return None
        body += more
        if rest is not None:
            return body, rest + data[start + size :]
    return body, None


_WORDS = [
    *(
        b"POST /webhooks/salesloft HTTP/1.1\r\n",
        b"Host: test\r\n",
        b"\r\n\r\n",
        b"\n\n",
        b"\n\r\n",
        b"\r\n",
        b" HTTP/1.0",
    ),
    *(
        b"http://test",
        b"https://test?x",
        b"*",
        b"x: y\r\n" * 101,
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b";a=b\r\n",
        b"ffffffff",
    ),
    *(b"A: b\r\n", b"1\r\nx\r\n" * 40),
]
HEADS = Target(_check_head, ("salesloft_webhooks.operations.request_head",), _WORDS, longest_bytes=20_000)
BODIES = Target(_check_body, ("salesloft_webhooks.operations.body_framing",), _WORDS, longest_bytes=12_000)
