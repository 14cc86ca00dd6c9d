"""Where the body of a request ends (RFC 9112, sections 6 and 7).

The parser could tell, but it keeps what it is given: it turns trailers into headers, after the application has seen
them and without an end. Here trailers and chunk extensions are read to a limit and dropped.
"""

import re
from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

from salesloft_webhooks.operations.request_head import BadRequest

Fields = Sequence[tuple[bytes, bytes]]

MAX_LINE_BYTES = 1_024
"""Of a chunk's size with its extensions, and of a trailer."""
MAX_EXTRA_BYTES = 8_192
"""Of all chunk extensions and trailers of one body together."""
FREE_CHUNKS = 1_024
BYTES_PER_CHUNK = 256
"""Beyond the first 1,024, chunks must be this large on average: each costs the time of a function call, and in chunks
of one byte a single read of the network stopped the event loop for 0.2 s."""

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})([ \t]*;[\t -~\x80-\xff]*)?\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n")


class BodyFraming(Protocol):
    """Finds the end of a body."""

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """The part of ``data`` that is body, and what follows the end of the message; None while it goes on.

        Raises:
            BadRequest: ``data`` breaks the framing; nothing after it can be understood.
        """


def framing_of(version: str, fields: Fields) -> BodyFraming | None:
    """How the body behind a parsed head is framed; None if there is none.

    Args:
        version: The HTTP version the request claims.
        fields: The head's fields, names in lower case. The parser has refused lengths that are no number, several, or
            beside a transfer coding.

    Raises:
        BadRequest: Not HTTP/1.0 or 1.1; no ``Host`` in 1.1, or two (RFC 9112, 3.2); chunks in 1.0 (6.1); a transfer
            coding other than chunked, without which the body's bytes are not those that were signed.
    """
    framing: BodyFraming | None = None
    hosts = 0
    for name, value in fields:
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            framing = FixedLengthBody(size) if (size := int(value)) else None
        elif name == b"transfer-encoding":
            if value.lower() != b"chunked" or version != "1.1":
                raise BadRequest
            framing = ChunkedBody()
    if (version != "1.1" or hosts != 1) and (version != "1.0" or hosts > 1):
        raise BadRequest
    return framing


class FixedLengthBody:
    """A body of a known number of bytes."""

    __slots__ = ("_missing",)

    def __init__(self, size: int) -> None:
        self._missing = size

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """See `BodyFraming`."""
        if len(data) < self._missing:
            self._missing -= len(data)
            return data, None
        end, self._missing = self._missing, 0
        return (data, b"") if end == len(data) else (data[:end], data[end:])


class _Next(Enum):
    """Which line of a chunked body comes next."""

    SIZE = auto()
    BREAK = auto()
    """The end of the line that a chunk's content is on."""
    TRAILER = auto()
    """One more trailer, or the empty line at the end of the message."""


class ChunkedBody:
    """A body in chunked transfer coding."""

    __slots__ = ("_allowance", "_extra_bytes", "_line", "_missing", "_next")

    def __init__(self) -> None:
        self._next = _Next.SIZE
        self._line = b""  # the beginning of a line whose end has not arrived
        self._missing = 0  # bytes of the chunk that have not arrived
        self._extra_bytes = 0
        self._allowance = FREE_CHUNKS * BYTES_PER_CHUNK

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """See `BodyFraming`."""
        parts: list[bytes] = []
        position = 0
        while position < len(data):
            if self._missing:
                parts.append(data[position : position + self._missing])
                self._missing -= len(parts[-1])
                position += len(parts[-1])
                continue
            end = data.find(b"\n", position, position + MAX_LINE_BYTES) + 1 or len(data)
            self._line += data[position:end]
            position = end
            if len(self._line) > MAX_LINE_BYTES:
                raise BadRequest
            if self._line.endswith(b"\n"):
                line, self._line = self._line, b""
                if self._read(line):
                    return b"".join(parts), data[position:]
        return b"".join(parts), None

    def _read(self, line: bytes) -> bool:
        """Take in a whole line; whether it ends the message."""
        if line == b"\r\n" and self._next is not _Next.SIZE:
            ends = self._next is _Next.TRAILER
            self._next = _Next.SIZE
            return ends
        if self._next is _Next.SIZE and (size := _SIZE.fullmatch(line)):
            self._missing = int(size[1], 16)
            self._next = _Next.BREAK if self._missing else _Next.TRAILER
            self._count(len(size[2] or b""))
            self._allowance += self._missing - BYTES_PER_CHUNK
            if self._allowance < 0:
                raise BadRequest
        elif self._next is _Next.TRAILER and _TRAILER.fullmatch(line):
            self._count(len(line))
        else:
            raise BadRequest
        return False

    def _count(self, extra_bytes: int) -> None:
        self._extra_bytes += extra_bytes
        if self._extra_bytes > MAX_EXTRA_BYTES:
            raise BadRequest
