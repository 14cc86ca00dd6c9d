"""An answer that goes on, to a client that takes nothing of it."""

import asyncio
from contextlib import suppress

from starlette.types import Receive, Scope, Send

from salesloft_webhooks.operations import ConnectionLimits, HttpServer, MemoryBudget

TIMEOUT_SECONDS = 0.3


async def test_whoever_takes_nothing_is_let_go() -> None:
    """The application learns that the client is gone, though it has not closed its connection."""
    gone = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        async def give() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
                await asyncio.sleep(0)

        giving = asyncio.create_task(give())
        while (await receive())["type"] != "http.disconnect":
            pass
        giving.cancel()
        with suppress(asyncio.CancelledError):
            await giving
        gone.set()

    limits = ConnectionLimits(MemoryBudget(16_777_216), head_timeout_seconds=TIMEOUT_SECONDS)
    async with HttpServer(app, "127.0.0.1", 0, setting="PORT", limits=limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1_024)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=5)

        await asyncio.wait_for(gone.wait(), timeout=5)

        assert not writer.is_closing()
        writer.close()


async def test_whoever_is_slow_gets_all_of_it() -> None:
    """A client that takes a piece now and then, each in time, is served for longer than one piece may take."""
    pieces = 40

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(pieces):
            await send({"type": "http.response.body", "body": bytes(262_144), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    limits = ConnectionLimits(MemoryBudget(16_777_216), head_timeout_seconds=TIMEOUT_SECONDS)
    async with HttpServer(app, "127.0.0.1", 0, setting="PORT", limits=limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=65_536)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=5)
        taken = 0
        while piece := await asyncio.wait_for(reader.read(262_144), timeout=5):
            taken += len(piece)
            await asyncio.sleep(0.01)
        writer.close()

    assert taken >= pieces * 262_144
