"""A connection between a program and a server that can go dead without a word, or end as if nothing were wrong."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Passes bytes on in both directions.

    Args:
        target: The server's port.
        trust: With what the server is spoken to by TLS, while the program speaks plainly; None: the bytes are theirs.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, target: int, trust: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self._target = target
        self._trust = trust
        self._open: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()

    def swallow(self) -> None:
        """From here on, lose what the server says on the connections that are open now; new ones are well."""
        self._dead |= self._open

    def end(self) -> None:
        """On connections whose server's words are lost, end the answer that is under way: a chunked one, in order."""
        for writer in self._dead & self._open:
            writer.write(b"0\r\n\r\n")
            writer.close()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._target, ssl=self._trust)
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
        if sink not in self._dead:  # else nobody hears of the end, either
            sink.close()


@asynccontextmanager
async def proxy_to(port: int, trust: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    """A proxy before a port of this machine; see `Proxy`."""
    proxy = Proxy(port, trust)
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
