"""A connection between a program and a server that can go dead without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Passes bytes on in both directions.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()

    def swallow(self) -> None:
        """From here on, lose what the server says on the connections that are open now; new ones are well."""
        self._dead |= self._open

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._open.add(writer)
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
            self._open.discard(writer)
        writer.close()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if sink not in self._dead:
                    sink.write(data)
                    await sink.drain()
        sink.close()


@asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    """A proxy before a port of this machine."""
    proxy = Proxy(port)
    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.ensure_future(proxy.connected(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*serving), 10)
