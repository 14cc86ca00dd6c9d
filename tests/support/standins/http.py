"""An HTTP/1.1 server small enough to misbehave in every way a test needs."""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What to answer.

    Attributes:
        delay_seconds: Before it.
        trickle_seconds: Before each byte of it.
        raw: Sent instead of it, after which the connection is closed.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    trickle_seconds: float = 0.0
    raw: bytes | None = None

    def encoded(self) -> bytes:
        """The bytes to send."""
        if self.raw is not None:
            return self.raw
        body = b"" if self.body is None else json.dumps(self.body).encode()
        headers = {**self.headers, "Content-Length": str(len(body)), "Content-Type": "application/json"}
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


DISCONNECT = Answer(raw=b"")
GARBAGE = Answer(raw=b"\x16\x03\x01 this is not HTTP\r\n\r\n")
TRUNCATED = Answer(raw=b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"status": "COMP')


@dataclass
class StandIn:
    """A server on loopback that answers from `answers` first, one each, then by `respond`.

    Attributes:
        respond: The documented behaviour.
        answers: Deviations to be served first.
        requests: Everything that was asked.
        connections: How many were opened.
        most_at_once: How many requests were under way at the same time at most.
    """

    respond: Callable[[Request], Answer] = lambda _request: Answer(200, {})
    answers: deque[Answer] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["StandIn"]:
        """Listen on a free port until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for writer in tuple(self._open):
                writer.close()
            await asyncio.sleep(0)  # lets the connections end, before the loop does

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            while request := await _read(reader):
                self.requests.append(request)
                answer = self.answers.popleft() if self.answers else self.respond(request)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                await asyncio.sleep(answer.delay_seconds)
                self.at_once -= 1
                await _send(writer, answer)
                if answer.raw is not None:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._open.discard(writer)


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    encoded = answer.encoded()
    step = 1 if answer.trickle_seconds else len(encoded) or 1
    for at in range(0, len(encoded), step):
        await asyncio.sleep(answer.trickle_seconds)
        writer.write(encoded[at : at + step])
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)
