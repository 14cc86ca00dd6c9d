"""Ways from this machine's loopback to where the servers of a fault are: on other machines, or with the primary."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

from tests.chaos.surroundings.namespaces import Machine

_PIECE = 65_536
Address = tuple[str, int]


@dataclass
class Relay:
    """Carries connections on.

    Attributes:
        machine: From where it connects; None: from this one.
    """

    machine: Machine | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _listening: list[asyncio.Server] = field(default_factory=list)

    def carry(self, port: int, target: Callable[[], Address]) -> None:
        """What connects to a port of this machine's loopback is connected with what is the target at that moment."""
        listening = socket.create_server(("127.0.0.1", port), backlog=500)

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # asyncio complains of a server's task that was cancelled; at the end of the relay all are.
            with suppress(OSError, asyncio.CancelledError):
                address = await asyncio.to_thread(target)
                await _joined(reader, writer, address)
            writer.close()

        async def serve() -> None:
            self._listening.append(await asyncio.start_server(accept, sock=listening))

        asyncio.run_coroutine_threadsafe(serve(), self._loop).result(10)

    def expose(self, port: int) -> None:
        """Let a port of the machine's own loopback be reached at the same port of ours."""
        self.carry(port, lambda: ("127.0.0.1", port))

    def run(self) -> None:
        """Be on the machine, in a thread of its own, until `end`."""
        with self.machine.entered() if self.machine else nullcontext():
            self._loop.run_forever()
            self._loop.run_until_complete(self._finish())
            self._loop.close()

    async def _finish(self) -> None:
        for server in self._listening:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def end(self) -> None:
        """Close everything."""
        self._loop.call_soon_threadsafe(self._loop.stop)


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: Address) -> None:
    there, back = await asyncio.open_connection(*address)
    try:
        # Whoever leaves first ends it for both: half a connection is what the wires are for.
        ways = [asyncio.ensure_future(_pump(reader, back)), asyncio.ensure_future(_pump(there, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    finally:
        back.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        target.write(piece)
        await target.drain()


@contextmanager
def relay(machine: Machine | None = None) -> Iterator[Relay]:
    """A relay on a machine, which carries nothing yet."""
    found = Relay(machine)
    thread = threading.Thread(target=found.run, name="relay", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.end()
        thread.join()
