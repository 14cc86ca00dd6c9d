"""One listening port: uvicorn as a part of our process instead of the other way round."""

import asyncio
import math
import os
import socket
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from salesloft_webhooks.background import Background
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.listening import listen
from salesloft_webhooks.operations.connection_limits import ConnectionLimits
from salesloft_webhooks.operations.http_protocol import BoundedProtocol

BACKLOG = 2048
"""Connections the kernel holds for us while the loop is busy."""
KEEP_ALIVE_SECONDS = 620
"""Idle connections live longer than a proxy in front keeps them (Google's load balancer 600 s, nginx and AWS 60 s), so
that the proxy closes them. The other way round, it sends a delivery into a connection we just closed: a 502."""


class HttpServer:
    """An ASGI application on a port, for as long as the ``async with`` lasts.

    Drives uvicorn's server by its steps: `serve()`, which has them all in one, would install signal handlers and take
    from the role the decision when to stop.

    Leaving it stops accepting at once, closes idle connections, lets running requests finish for ``drain_seconds``
    and cancels the rest.

    Args:
        app: The application. It gets no lifespan events: what it uses is opened around the server, in the same
            ``async with`` as everything else, so that errors keep their type and their order.
        host: Address to listen on, see `listen`.
        port: Port to listen on; 0 takes a free one, see `port`.
        setting: Name of the setting that chose the port, for the error message.
        drain_seconds: How long running requests may take at the end.
        limits: What its connections may cost.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str | None,
        port: int,
        *,
        setting: str,
        drain_seconds: float = 1.0,
        limits: ConnectionLimits,
    ) -> None:
        self._address = (host, port)
        self._setting = setting
        self._socket: socket.socket | None = None
        self._background = Background()
        self._main_loop: asyncio.Task[None] | None = None
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                interface="asgi3",
                http=BoundedProtocol.with_limits(limits),
                ws="none",
                lifespan="off",
                log_config=None,  # logging is set up by telemetry, for the whole process
                log_level="error",  # a warning for each bit of noise from the internet would drown everything else
                access_log=False,
                server_header=False,
                proxy_headers=False,  # whoever it claims to be from: the signature decides, so nobody is trusted more
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=math.ceil(drain_seconds),
            )
        )

    @property
    def port(self) -> int:
        """The port it listens on, once it does."""
        if self._socket is None:
            return self._address[1]
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def running(self) -> bool:
        """Whether it serves: False before, after, and if uvicorn ended by itself."""
        return self._main_loop is not None and not self._main_loop.done()

    async def __aenter__(self) -> Self:
        """Start listening.

        Raises:
            ConfigurationError: the address cannot be listened on.
        """
        self._socket = self._bind()
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[self._socket])
        self._main_loop = self._background.start(self._server.main_loop(), name=f"http-{self._setting}")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop accepting, drain, end."""
        if self._main_loop is None or self._socket is None:
            return
        async with self._background:
            self._server.should_exit = True
            await self._main_loop
            await self._server.shutdown(sockets=[self._socket])

    def _bind(self) -> socket.socket:
        try:
            return listen(*self._address, backlog=BACKLOG)
        except OSError as exc:
            # Name look-ups have negative numbers, which strerror does not know; what Python adds names the address.
            known = exc.errno is not None and exc.errno > 0
            reason = os.strerror(exc.errno or 0) if known else str(exc.strerror).partition(" (while")[0]
        except ValueError:
            reason = "HOST is no name of a host"
        raise ConfigurationError(f"{self._setting}: cannot listen there on HOST: {reason}")
