"""Bodies draw on one budget, as they arrive, whatever becomes of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.types import Receive, Scope, Send

from salesloft_webhooks.operations import ConnectionLimits, HttpServer, MemoryBudget, body_evicted
from salesloft_webhooks.operations.connection import CONNECTION_BYTES
from salesloft_webhooks.operations.request_memory import SMALL_BYTES
from tests.support.http_client import request

LARGE = b"x" * (4 * SMALL_BYTES)
BUDGET_BYTES = 6 * CONNECTION_BYTES + 2 * len(LARGE)


class Keeper:
    """An application that reads a body to its end and answers when it is told to.

    Attributes:
        complete: Requests whose body is complete.
        body_evicted: Requests whose body the server gave up.
        release: Answer all.
    """

    def __init__(self) -> None:
        self.complete = 0
        self.body_evicted = 0
        self.release = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        while (message := await receive()).get("more_body", False):
            pass
        if message["type"] != "http.request":
            self.body_evicted += body_evicted(scope)
            return
        self.complete += 1
        await self.release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


class Client:
    """One connection to the server, closed at the end of `keeping`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        """The head of the next answer."""
        return await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), timeout=5)


CLIENTS: list[Client] = []


@asynccontextmanager
async def keeping() -> AsyncIterator[tuple[Keeper, HttpServer, MemoryBudget]]:
    """A server with a budget for two large bodies and a few connections."""
    app, budget = Keeper(), MemoryBudget(BUDGET_BYTES)
    limits = ConnectionLimits(budget, retry_after_seconds=7)
    async with HttpServer(app, "127.0.0.1", 0, setting="PORT", limits=limits) as server:
        yield app, server, budget
        app.release.set()
        for client in CLIENTS:
            client.writer.close()
            with suppress(ConnectionError):
                await client.writer.wait_closed()
        CLIENTS.clear()


async def sending(server: HttpServer, raw: bytes) -> Client:
    """A connection that has sent this."""
    client = Client(*await asyncio.open_connection("127.0.0.1", server.port))
    CLIENTS.append(client)
    client.writer.write(raw)
    await client.writer.drain()
    return client


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what it waits for is on the other side of a connection
            await asyncio.sleep(0.01)


async def test_whole_bodies_stay_and_the_next_large_one_is_refused() -> None:
    """While requests in work hold all the memory, a large body is 503, a small one is read, and neither harms them."""
    async with keeping() as (app, server, budget):
        whole = [await sending(server, request("POST", "/", {}, LARGE)) for _ in range(2)]
        await until(lambda: app.complete == 2)
        large = await sending(server, request("POST", "/", {}, LARGE))
        refused = await large.head()
        await sending(server, request("POST", "/", {}, b"y" * SMALL_BYTES))
        await until(lambda: app.complete == 3)
        app.release.set()
        answers = [await client.head() for client in whole]

        again = await sending(server, request("POST", "/", {}, LARGE))
        accepted = await again.head()

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 7\r\n" in refused
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in [*answers, accepted])
    assert app.body_evicted == 1
    await until(lambda: budget.held_bytes == 0)


async def test_an_unfinished_body_makes_room_for_the_next() -> None:
    """Bodies that were begun and not finished go, the oldest first, and are told to come again."""
    unfinished = request("POST", "/", {"Content-Length": "100000"}) + LARGE
    async with keeping() as (app, server, budget):
        older = await sending(server, unfinished)
        await asyncio.sleep(0.1)
        newer = await sending(server, unfinished)
        await asyncio.sleep(0.1)
        sender = await sending(server, request("POST", "/", {}, LARGE))
        await until(lambda: app.complete == 1)
        refused = await older.head()
        app.release.set()
        accepted = await sender.head()
        newer.writer.write(b"x" * (100_000 - len(LARGE)))
        finished = await newer.head()

    assert [head.split()[1] for head in (refused, accepted, finished)] == [b"503", b"200", b"200"]
    assert app.body_evicted == 1
    await until(lambda: budget.held_bytes == 0)


async def test_memory_is_given_back_however_a_request_ends() -> None:
    """A client that leaves in its head, in its body or before its answer leaves nothing counted after that."""
    beginnings = [b"POST / HT", request("POST", "/", {"Content-Length": "9"}) + b"x", request("POST", "/", {}, LARGE)]
    async with keeping() as (app, server, budget):
        clients = [await sending(server, raw) for raw in beginnings]
        await until(lambda: budget.held_bytes > len(LARGE) + 2 * CONNECTION_BYTES)
        for client in clients:
            client.writer.transport.abort()
        app.release.set()

        await until(lambda: budget.held_bytes == 0)
