"""A network that loses replies: it carries a command to the server, and drops the connection instead of the answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.sentinels import Sentinel
from tests.support.servers import Server


class Cutter:
    """Stands between clients and a server.

    Attributes:
        replies_to_lose: How many of the next answers to a script call will be lost; the call is carried out.
        port: Where it listens on loopback.
    """

    def __init__(self, server: Server | Sentinel, delay_seconds: float = 0.0) -> None:
        self._server, self._delay_seconds = server, delay_seconds
        self.replies_to_lose = 0
        self.port = 0
        self.sides: set[asyncio.StreamWriter] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        answers, commands = await asyncio.open_connection("127.0.0.1", self._server.port)
        self.sides |= {writer, commands}
        try:
            await asyncio.gather(self._commands(reader, commands), self._answers(answers, writer, commands))
        except (OSError, EOFError):
            pass
        finally:
            for side in (writer, commands):
                side.close()

    async def _commands(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            server.write(chunk)
            await server.drain()
        server.close()

    async def _answers(
        self, server: asyncio.StreamReader, writer: asyncio.StreamWriter, commands: asyncio.StreamWriter
    ) -> None:
        while chunk := await server.read(65_536):
            if self.replies_to_lose and any(word in chunk for word in (b"new", b"duplicate", b"below")):
                self.replies_to_lose -= 1
                commands.close()
                raise EOFError
            await asyncio.sleep(self._delay_seconds)
            writer.write(chunk)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def cutter(server: Server | Sentinel, *, delay_seconds: float = 0.0) -> AsyncIterator[Cutter]:
    """Listen while the block runs; every answer comes so much later."""
    between = Cutter(server, delay_seconds)
    listener = await asyncio.start_server(between.carry, "127.0.0.1", 0)
    between.port = listener.sockets[0].getsockname()[1]
    try:
        yield between
    finally:
        listener.close()
        for side in between.sides:
            side.close()
        await asyncio.sleep(0)  # so that whoever reads from them notices
