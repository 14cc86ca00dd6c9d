"""One port that an application is served on."""

from types import TracebackType
from typing import Self

from aiohttp import web

from salesloft_webhooks.listening import listen

SHUTDOWN_SECONDS = 0.5


class HttpPort:
    """Serves while it is entered; use as ``async with``.

    Args:
        application: What is served.
        host: Where it listens, see `listen`.
        port: The port; 0 takes a free one.

    Attributes:
        port: The port, as soon as it listens.
    """

    def __init__(self, application: web.Application, host: str, port: int) -> None:
        self._runner = web.AppRunner(application, shutdown_timeout=SHUTDOWN_SECONDS, access_log=None)
        self._host = host
        self.port = port

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.SockSite(self._runner, listen(self._host, self.port)).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
