"""What a connection may cost us before there is a request, and which protocol is spoken on it."""

import asyncio
import re
from typing import ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES = 65_536
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


class BoundedProtocol(HttpToolsProtocol):
    """Uvicorn's httptools protocol with a limit on the size and on the time of a request's head.

    Uvicorn bounds idle time only after an answer, and httptools buffers a header for as long as it lasts. So a client
    that connects and says nothing, or one header line for ever, would cost a file descriptor or our memory. Here:

    - Of a connection that has no request in work, the next request's head must be complete within
      `head_timeout_seconds` of its first byte (of the connection, for the first request). That also ends connections
      that go on sending a body after its answer.
    - A head that goes on beyond 64 KiB is refused.

    Either way the connection is closed, without an answer.

    It also declines every offer to speak another protocol, as HTTP allows. Httptools would skip the body of a request
    that makes one, and Java's HTTP client makes one (``Upgrade: h2c``) with every first request.
    """

    head_timeout_seconds: ClassVar[float] = 10.0

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes: int = 0

    @classmethod
    def with_timeout(cls, head_timeout_seconds: float) -> type["BoundedProtocol"]:
        """The same with another time limit (uvicorn wants a class, and constructs it itself)."""
        return type(cls.__name__, (cls,), {"head_timeout_seconds": head_timeout_seconds})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect a request from now on."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a chunk after which there is still no request in work was (part of) an unfinished head."""
        if self._request_in_work():
            super().data_received(data)
            return
        super().data_received(_without_upgrade(data))
        if not self._request_in_work():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.transport.close()
            else:
                self._expect_head()

    def on_headers_complete(self) -> None:
        """The head is there: from here on, the application's own limits hold."""
        self._head_complete()
        super().on_headers_complete()

    def _request_in_work(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request, whatever it declares
        return cycle is not None and not cycle.response_complete

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.head_timeout_seconds, self.transport.close)

    def _head_complete(self) -> None:
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _without_upgrade(data: bytes) -> bytes:
    """The beginning of a request with its ``Upgrade`` header disabled. A head cut by the network may keep its own."""
    if b"pgrade" not in data and b"PGRADE" not in data:  # nearly every request, without a copy
        return data
    head, end, body = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nx-declined-upgrade:", head) + end + body
