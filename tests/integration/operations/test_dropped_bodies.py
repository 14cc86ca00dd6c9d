"""A body that nobody reads, and what is pipelined behind it."""

import asyncio

from starlette.types import Receive, Scope, Send

from salesloft_webhooks.operations import ConnectionLimits, HttpServer, MemoryBudget
from salesloft_webhooks.operations.http_protocol import DROPPED_BYTES


async def test_no_request_is_begun_on_a_connection_that_is_being_closed() -> None:
    """What stands behind a body that was too long to drop is not run: nobody could be answered."""
    paths: list[str] = []

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 405, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    limits = ConnectionLimits(MemoryBudget(16_777_216))
    async with HttpServer(app, "127.0.0.1", 0, setting="PORT", limits=limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (DROPPED_BYTES + 1))
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=5)
        writer.write(b"x" * DROPPED_BYTES)
        await writer.drain()
        await asyncio.sleep(0.2)  # in a packet of its own, at the limit and not over it
        writer.write(b"xGET /second HTTP/1.1\r\nHost: x\r\n\r\n")
        rest = await asyncio.wait_for(reader.read(), timeout=5)
        writer.close()
    assert rest == b""
    assert paths == ["/first"]
