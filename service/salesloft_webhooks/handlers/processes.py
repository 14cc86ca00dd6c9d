"""Handlers in processes of their own: for what takes a processor, or may crash.

Each process runs one call at a time, so what dies with it is that call's event (or batch) and nothing else: one failed
attempt. A call whose time is over, or whose attempt is cut off, has its process killed; the next call gets a new one.
The processes end with the worker, also when that is killed (`process_child`).
"""

import asyncio
import pickle
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from dataclasses import dataclass

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.execution import AttemptTimeout, StillLeased, too_late
from salesloft_webhooks.handlers.process_messages import LENGTH, Answer, Call, Start
from salesloft_webhooks.handlers.routes import START_SECONDS, name_of, processes_of
from salesloft_webhooks.settings import Settings


class ProcessDied(Exception):
    """The process that ran the handler has ended before the handler did."""


class HandlerProcesses:
    """The processes of one handler, made when they are needed.

    Args:
        handler: A function at the top of a module, which the processes import.
        settings: How many there are at most, and what the processes are started with.
        timeout_seconds: How long one call may take.
    """

    def __init__(self, handler: Callable[..., object], settings: Settings, timeout_seconds: float) -> None:
        module, name = handler.__module__, handler.__qualname__
        if getattr(sys.modules.get(module), name, None) is not handler:
            raise ConfigurationError(f"handler {name_of(handler)}: in_process needs a function at the top of a module")
        self._start = pickle.dumps(Start(tuple(sys.path), module, name, settings))
        self._timeout_seconds = timeout_seconds
        self._places = asyncio.Semaphore(processes_of(settings))
        self._free: list[_Child] = []
        self._all: set[_Child] = set()

    async def run(self, call: Call, still_leased: StillLeased) -> object:
        """What the handler returns or raises, in one of the processes, when its turn has come.

        Raises:
            AttemptTimeout: it took too long; its process is gone.
            ProcessDied: its process died.
            Retry: it is not ``still_leased`` when its turn has come.
            Exception: what it raised, or why it cannot be imported.
        """
        async with self._places:
            child = await self._next()
            if not still_leased():
                self._free.append(child)
                raise too_late()
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    answer = await child.ask(pickle.dumps(call))
            except TimeoutError as exc:
                await self._end(child)
                raise AttemptTimeout(f"no end within {self._timeout_seconds:g} s") from exc
            except BaseException:
                await self._end(child)
                raise
            self._free.append(child)
        return answer.result()

    async def close(self) -> None:
        """End all processes."""
        for child in tuple(self._all):
            await self._end(child)

    async def _next(self) -> "_Child":
        while self._free:
            child = self._free.pop()
            if child.process.returncode is None:  # else it died while nobody was asking, of nothing that we know
                return child
            await self._end(child)
        return await self._begin()

    async def _begin(self) -> "_Child":
        child = await _Child.started()
        self._all.add(child)
        try:
            async with asyncio.timeout(START_SECONDS):
                answer = await child.ask(self._start)
            answer.result()
        except BaseException:
            await self._end(child)
            raise
        return child

    async def _end(self, child: "_Child") -> None:
        self._all.discard(child)
        await child.kill()


@dataclass(eq=False)
class _Child:
    """One process, and the line to it."""

    process: Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def started(cls) -> "_Child":
        ours, theirs = socket.socketpair()
        with theirs:
            command = (sys.executable, "-m", "salesloft_webhooks.handlers.process_child", str(theirs.fileno()))
            process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, pass_fds=(theirs.fileno(),))
        reader, writer = await asyncio.open_connection(sock=ours)
        return cls(process, reader, writer)

    async def ask(self, message: bytes) -> Answer:
        """Its answer.

        Raises:
            ProcessDied: there is none.
        """
        try:
            self.writer.write(LENGTH.pack(len(message)) + message)
            await self.writer.drain()
            (length,) = LENGTH.unpack(await self.reader.readexactly(LENGTH.size))
            answer: Answer = pickle.loads(await self.reader.readexactly(length))  # noqa: S301 - our own child's
        except (asyncio.IncompleteReadError, ConnectionError) as exc:
            raise ProcessDied(f"the handler's process {_ending(await self.process.wait())}") from exc
        return answer

    async def kill(self) -> None:
        """End it, and what it does."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self.writer.close()


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
