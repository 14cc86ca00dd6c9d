"""Reading a request's body without letting a stranger choose how much memory or time that takes."""

import asyncio
from collections.abc import Iterable
from enum import Enum, auto
from types import TracebackType
from typing import Self

from starlette.types import Receive

SMALL_BYTES = 16_384
"""Bodies up to this size, most of SalesLoft's, are read even when large unfinished ones hold all the memory allowed: a
connection may cost four times as much before its body is looked at."""

Headers = Iterable[tuple[bytes, bytes]]


class Unread(Enum):
    """Why there is no body to work with."""

    TOO_LARGE = auto()
    """It is, or says it will be, larger than allowed."""
    TOO_SLOW = auto()
    """It did not arrive in time."""
    NO_ROOM = auto()
    """All bodies in work together hold as much memory as allowed."""
    DISCONNECTED = auto()
    """The client left before the end."""


class BodyReader:
    """Reads bodies within the limits that hold for one and for all of them together.

    Args:
        max_bytes: Largest body.
        timeout_seconds: Longest time from the end of the head to the end of the body.
        memory_bytes: What all bodies in work may hold together. A per-request limit alone leaves memory to the number
            of connections, which anyone may open.
    """

    def __init__(self, *, max_bytes: int, timeout_seconds: float, memory_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.timeout_seconds = timeout_seconds
        self.free_bytes = memory_bytes

    def body(self) -> "Body":
        """A body yet to be read; its memory counts until the ``with`` around it ends."""
        return Body(self)


class Body:
    """One request's body: read it once, inside ``with``."""

    __slots__ = ("_limits", "_size")

    def __init__(self, limits: BodyReader) -> None:
        self._limits = limits
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._limits.free_bytes += self._size

    async def read(self, headers: Headers, receive: Receive) -> bytes | Unread:
        """The whole body, or why not. A declared length over the limit is refused before anything is read."""
        if _declared_bytes(headers) > self._limits.max_bytes:
            return Unread.TOO_LARGE
        try:
            async with asyncio.timeout(self._limits.timeout_seconds):
                return await self._collect(receive)
        except TimeoutError:
            return Unread.TOO_SLOW

    async def _collect(self, receive: Receive) -> bytes | Unread:
        # One buffer, not a list of chunks: a body sent two bytes at a time would cost 25 times its size.
        buffer = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return Unread.DISCONNECTED
            chunk: bytes = message.get("body", b"")
            if refusal := self._grow(len(chunk)):
                return refusal
            if not message.get("more_body", False):
                return bytes(buffer) + chunk if buffer else chunk
            buffer += chunk

    def _grow(self, more_bytes: int) -> Unread | None:
        if self._size + more_bytes > self._limits.max_bytes:
            return Unread.TOO_LARGE
        if more_bytes > self._limits.free_bytes and self._size + more_bytes > SMALL_BYTES:
            return Unread.NO_ROOM
        self._size += more_bytes
        self._limits.free_bytes -= more_bytes
        return None


def _declared_bytes(headers: Headers) -> int:
    """The Content-Length, or 0 where there is none to rely on; what really arrives is counted anyway."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
