"""A debugging proxy between one process and the server: it sees each command and reply, and acts in between.

It runs in a thread of the harness. Commands and replies are read as Redis writes them, so that "between any two
commands" and "after the n-th byte" are exact: a rule is asked for each command by its name (a script's own name for
EVALSHA), and may act before the server gets it, or when it is carried out and before the reply is passed on.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import hiredis

from salesloft_webhooks.broker.scripts import script

CHUNK = 65_536


def script_names() -> dict[str, str]:
    """The name of each script by its digest."""
    folder = files("salesloft_webhooks.broker").joinpath("lua")
    names = [path.name.removesuffix(".lua") for path in folder.iterdir() if path.name.endswith(".lua")]
    return {script(name).digest: name for name in names}


class Cut(Exception):
    """Raised by a rule: end this connection."""


@dataclass
class Rule:
    """What is done once, at the next command of a name.

    Attributes:
        command: Name of a script, or of a command in capitals.
        after: Whether the server carries it out first.
        act: What is done; it may raise `Cut`.
        skip: So many of them pass first.
        done: Whether it was.
    """

    command: str
    after: bool
    act: Callable[[], None]
    skip: int = 0
    done: bool = False

    def meets(self, command: str, *, after: bool) -> bool:
        """Whether it is its turn."""
        if self.done or after != self.after or command != self.command:
            return False
        self.skip -= 1
        if self.skip >= 0:
            return False
        self.done = True
        return True


@dataclass
class Lifetime:
    """How long each connection lives, so that every point of one is cut: the first for 0 units, the next for 1 ...

    Attributes:
        unit: `command`, `reply`, `command byte` or `reply byte`.
        step: By how many units each lives longer than the last one.
        next: Of the next one.
    """

    unit: str
    step: int = 1
    next: int = 0

    def of_next(self) -> int:
        """Units of the connection that begins now."""
        self.next += self.step
        return self.next - self.step


@dataclass
class Wire:
    """One proxy.

    Attributes:
        server_port: Where the server is, on this machine.
        port: Where it listens.
        rules: What is done at which command.
        lifetime: How connections are cut, if they are.
        seen: Commands that have passed, by name.
    """

    server_port: int
    port: int = 0
    rules: list[Rule] = field(default_factory=list)
    lifetime: Lifetime | None = None
    seen: Counter[str] = field(default_factory=Counter)
    _sides: set[asyncio.StreamWriter] = field(default_factory=set)
    _names: dict[str, str] = field(default_factory=script_names)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            answers, commands = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            writer.close()
            return
        self._sides |= {writer, commands}
        under_way: deque[str] = deque()
        ways = [
            asyncio.create_task(self._forth(reader, commands, under_way, left := self._left())),
            asyncio.create_task(self._back(answers, writer, under_way, left)),
        ]
        with suppress(asyncio.CancelledError):  # the end of all
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for side in (writer, commands):
            side.transport.abort()
            self._sides.discard(side)
        for way in ways:
            way.cancel()
            with suppress(asyncio.CancelledError, OSError, Cut):
                await way

    def _left(self) -> Counter[str]:
        """What this connection may still carry; empty: everything."""
        return Counter({self.lifetime.unit: self.lifetime.of_next()}) if self.lifetime else Counter()

    async def _forth(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, under_way: "deque[str]", left: Counter[str]
    ) -> None:
        parser = hiredis.Reader()
        while chunk := await reader.read(CHUNK):
            chunk = self._cut_bytes(chunk, "command byte", left)
            parser.feed(chunk)
            while (command := parser.gets()) is not False:
                name = self._name(command)
                self.seen[name] += 1
                under_way.append(name)
                self._apply(name, after=False)
                self._count("command", left)
            server.write(chunk)
            await server.drain()
            self._end_when_spent("command byte", left)

    async def _back(
        self, server: asyncio.StreamReader, writer: asyncio.StreamWriter, under_way: "deque[str]", left: Counter[str]
    ) -> None:
        parser = hiredis.Reader(notEnoughData=Ellipsis)
        while chunk := await server.read(CHUNK):
            chunk = self._cut_bytes(chunk, "reply byte", left)
            parser.feed(chunk)
            while parser.gets() is not Ellipsis:
                if under_way:
                    self._apply(under_way.popleft(), after=True)
                self._count("reply", left)
            writer.write(chunk)
            await writer.drain()
            self._end_when_spent("reply byte", left)

    def _name(self, command: Any) -> str:
        first = bytes(command[0]).decode().upper()
        return self._names.get(bytes(command[1]).decode(), first) if first == "EVALSHA" else first

    def _apply(self, name: str, *, after: bool) -> None:
        for rule in self.rules:
            if rule.meets(name, after=after):
                rule.act()

    @staticmethod
    def _count(unit: str, left: Counter[str]) -> None:
        if unit in left:
            if left[unit] <= 0:
                raise Cut
            left[unit] -= 1

    @staticmethod
    def _cut_bytes(chunk: bytes, unit: str, left: Counter[str]) -> bytes:
        if unit not in left:
            return chunk
        kept = chunk[: left[unit]]
        left[unit] -= len(chunk)
        return kept

    @staticmethod
    def _end_when_spent(unit: str, left: Counter[str]) -> None:
        if left.get(unit, 1) <= 0:
            raise Cut

    def close_all(self) -> None:
        """Cut every connection that there is."""
        for side in self._sides:
            side.transport.abort()


@contextmanager
def wires(server_port: int, count: int) -> Iterator[list[Wire]]:
    """So many proxies before a server; they run while the block does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    found = [Wire(server_port) for _ in range(count)]

    async def listen() -> None:
        for wire in found:
            server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
            wire.port = server.sockets[0].getsockname()[1]

    try:
        asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
        yield found
    finally:
        asyncio.run_coroutine_threadsafe(_end_all(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
