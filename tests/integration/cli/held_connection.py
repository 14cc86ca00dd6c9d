"""A network that stops at one command: before the server has it, or before the client has its answer."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.servers import Server


class HeldConnection:
    """Stands between clients and a server, in a thread of its own.

    Args:
        server: Where commands go.
        word: What a command has to hold.
        carried_out: Whether the server gets it; then its answer is held back.

    Attributes:
        held: Set as soon as it has stopped.
        port: Where it listens on loopback.
    """

    def __init__(self, server: Server, word: bytes, *, carried_out: bool) -> None:
        self.held = threading.Event()
        self.port = 0
        self._server, self._word, self._carried_out = server, word, carried_out

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, until its client is gone."""
        answers, commands = await asyncio.open_connection("127.0.0.1", self._server.port)
        answering = asyncio.create_task(self._answer(answers, writer))
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                if self._word in chunk:
                    self.held.set()
                if not self.held.is_set() or self._carried_out:
                    commands.write(chunk)
                    await commands.drain()
        answering.cancel()
        for side in (writer, commands):
            side.close()

    async def _answer(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await answers.read(65_536):
                if not self.held.is_set():
                    writer.write(chunk)
                    await writer.drain()


@contextmanager
def held_connection(server: Server, word: bytes, *, carried_out: bool) -> Iterator[HeldConnection]:
    """Listen while the block runs."""
    between, loop, ready = (
        HeldConnection(server, word, carried_out=carried_out),
        asyncio.new_event_loop(),
        threading.Event(),
    )
    stop = asyncio.Event()

    async def listen() -> None:
        async with await asyncio.start_server(between.carry, "127.0.0.1", 0) as listener:
            between.port = listener.sockets[0].getsockname()[1]
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(listen()))
    thread.start()
    try:
        ready.wait(10)
        yield between
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
