"""Stands between a client and a server and writes down what the client sends: commands, scripts, keys."""

import asyncio
import threading
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any, Self

import hiredis

from salesloft_webhooks.broker.scripts import script
from tests.support.rules_and_dashboards import ROOT

CONTAINERS = {
    "acl",
    "client",
    "cluster",
    "command",
    "config",
    "memory",
    "object",
    "script",
    "sentinel",
    "xgroup",
    "xinfo",
}
"""Commands whose second word says what they do."""
CALLS = {"eval", "evalsha"}
OF_CONNECTIONS = ("client|", "auth", "hello", "ping", "select", "command|", "wait", "eval")
"""What commands that everybody may send begin with."""


def names_by_digest() -> dict[str, str]:
    """Every script's name by what a server knows it by."""
    folder = ROOT / "service/salesloft_webhooks/broker/lua"
    return {script(file.stem).digest: file.stem for file in folder.glob("*.lua")}


@dataclass
class Sent:
    """What came by.

    Attributes:
        commands: As an ACL names them, in lower case.
        scripts: By the names of their files.
        keys: Of commands and scripts.
    """

    commands: set[str] = field(default_factory=set)
    scripts: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


class Recorder:
    """A port in front of a server on this machine.

    Attributes:
        port: Where clients connect.
        sent: What they have sent.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._names = names_by_digest()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="recorder", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.sent = Sent()

    def __enter__(self) -> Self:
        self._thread.start()
        self._listener = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._carry, "127.0.0.1", 0), self._loop
        ).result()
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        asyncio.run_coroutine_threadsafe(self._loop.shutdown_asyncgens(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._listener.close()
        for writer in self._writers:
            writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, commands = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, commands}
        await asyncio.gather(
            self._pass_on(reader, commands, hiredis.Reader()), self._pass_on(answers, writer), return_exceptions=True
        )
        self._writers -= {writer, commands}

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, parsed: hiredis.Reader | None = None
    ) -> None:
        try:
            while chunk := await source.read(65_536):
                if parsed is not None:
                    parsed.feed(chunk)
                    while (words := parsed.gets()) is not False:
                        self._write_down(words)
                target.write(chunk)
                await target.drain()
        finally:
            target.transport.abort()

    def _write_down(self, words: list[Any]) -> None:
        command = words[0].decode().lower()
        if command in CONTAINERS and len(words) > 1:
            command += f"|{words[1].decode().lower()}"
        self.sent.commands.add(command)
        if command in CALLS:
            digest = words[1].decode() if command == "evalsha" else sha1(words[1], usedforsecurity=False).hexdigest()
            self.sent.scripts.add(self._names.get(digest, digest))
            self.sent.keys |= {key.decode("utf-8", "replace") for key in words[3 : 3 + int(words[2])]}
        elif command == "xread":
            streams = words[words.index(b"STREAMS") + 1 :]
            self.sent.keys |= {key.decode() for key in streams[: len(streams) // 2]}
        elif command in {"del", "exists", "unlink"}:
            self.sent.keys |= {key.decode() for key in words[1:]}
        elif "|" in command and len(words) > 2:
            self.sent.keys.add(words[2].decode("utf-8", "replace"))
        elif len(words) > 1:
            self.sent.keys.add(words[1].decode("utf-8", "replace"))
