"""Connections to the HTTP server without a network: what arrives is given, what is written is kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from salesloft_webhooks.operations import ConnectionLimits, MemoryBudget
from salesloft_webhooks.operations.http_protocol import BoundedProtocol

DATE = (b"date", b"Sat, 28 Nov 2026 15:22:01 GMT")


class Transport(asyncio.Transport):
    """Keeps what is written, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        """One write is one system call."""
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        """Everything is taken at once."""
        return 0

    def is_closing(self) -> bool:
        """As asked for."""
        return self.closed

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def abort(self) -> None:
        """The same."""
        self.closed = True

    def write_eof(self) -> None:
        """Nothing that was written says more."""

    def pause_reading(self) -> None:
        """Nothing is read anyway."""

    def resume_reading(self) -> None:
        """Nothing is read anyway."""


class FakeServer:
    """A server for an application that waits for no connections: tests make them."""

    def __init__(self, app: ASGIApp, *, rest_seconds: int = 620) -> None:
        self._http = BoundedProtocol.with_limits(ConnectionLimits(MemoryBudget(10_000_000)))
        self._config = uvicorn.Config(
            app,
            interface="asgi3",
            http=self._http,
            ws="none",
            log_config=None,
            access_log=False,
            timeout_keep_alive=rest_seconds,
        )
        self._config.load()
        self._state = uvicorn.Server(self._config).server_state
        self._state.default_headers = [DATE]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[BoundedProtocol, Transport]]:
        """A connection, which the client leaves in the end."""
        protocol, transport = self._http(self._config, self._state, {}), Transport()
        protocol.connection_made(transport)
        try:
            yield protocol, transport
        finally:
            protocol.connection_lost(None)
