"""What a connection does that no client can tell apart by what it reads: how often it writes, and when it rests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from salesloft_webhooks.delivery_outcomes import Answer
from salesloft_webhooks.operations import ConnectionLimits, MemoryBudget
from salesloft_webhooks.operations.http_protocol import BoundedProtocol
from salesloft_webhooks.receiver.responses import AnswerResponse
from tests.support.waiting import eventually

REQUEST = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{}"
DATE = (b"date", b"Sat, 28 Nov 2026 15:22:01 GMT")
ANSWER = AnswerResponse(Answer(200, {"received": True}))


class Transport(asyncio.Transport):
    """Keeps what is written, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        """One write is one system call."""
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        """Everything is taken at once."""
        return 0

    def is_closing(self) -> bool:
        """As asked for."""
        return self.closed

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def pause_reading(self) -> None:
        """Nothing is read anyway."""

    def resume_reading(self) -> None:
        """Nothing is read anyway."""


class Clock:
    """A clock that is set."""

    now = 1000.0

    def __call__(self) -> float:
        """Monotonic seconds."""
        return self.now


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a whole response."""
    await receive()
    await ANSWER(scope, receive, send)


async def answering_in_pieces(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the same by ASGI's own messages."""
    await receive()
    await super(AnswerResponse, ANSWER).__call__(scope, receive, send)


@asynccontextmanager
async def connected(app: ASGIApp, *, rest_seconds: int = 620) -> AsyncIterator[tuple[BoundedProtocol, Transport]]:
    """A connection to the application."""
    limits = ConnectionLimits(MemoryBudget(10_000_000))
    http = BoundedProtocol.with_limits(limits)
    config = uvicorn.Config(app, interface="asgi3", http=http, ws="none", log_config=None, access_log=False)
    config.timeout_keep_alive = rest_seconds
    config.load()
    state = uvicorn.Server(config).server_state
    state.default_headers = [DATE]
    protocol, transport = http(config, state, {}), Transport()
    protocol.connection_made(transport)
    try:
        yield protocol, transport
    finally:
        protocol.connection_lost(None)


async def answered(app: ASGIApp, request: bytes) -> Transport:
    """The connection after one request."""
    async with connected(app) as (protocol, transport):
        protocol.data_received(request)
        await eventually(lambda: not protocol.in_work, "the answer")
        return transport


async def test_a_whole_answer_is_written_at_once_and_is_what_uvicorn_would_write() -> None:
    """One write instead of two, with the same bytes, the server's own fields included."""
    at_once = await answered(answering, REQUEST)
    in_pieces = await answered(answering_in_pieces, REQUEST)

    assert at_once.written == [b"".join(in_pieces.written)]
    assert len(in_pieces.written) == 2
    assert b"date: Sat" in at_once.written[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"1.1", b"1.0", id="HTTP/1.0"),
        pytest.param(b"\r\n", b"\r\nConnection: close\r\n", id="Connection: close"),
    ],
)
async def test_a_client_that_wants_the_connection_closed_is_told_so(old: bytes, new: bytes) -> None:
    """Where the connection ends with the answer, uvicorn writes it, says so and closes."""
    transport = await answered(answering, REQUEST.replace(old, new, 1))

    assert b"connection: close" in b"".join(transport.written)
    assert transport.closed


async def test_the_next_request_is_taken_after_an_answer_at_once() -> None:
    """Pipelined requests are answered one after the other, each whole, and counted."""
    async with connected(answering) as (protocol, transport):
        protocol.data_received(REQUEST * 3)
        await eventually(lambda: len(transport.written) == 3, "three answers")

        assert len(set(transport.written)) == 1
        assert protocol.server_state.total_requests == 3


async def test_a_connection_that_rests_too_long_is_closed() -> None:
    """Counted from the last answer: one that came meanwhile begins the time anew."""
    async with connected(answering, rest_seconds=1) as (protocol, transport):
        clock = Clock()
        protocol.limits.budget.clock = clock
        protocol.data_received(REQUEST)
        await eventually(lambda: len(transport.written) == 1, "an answer")
        clock.now += 0.7
        protocol.data_received(REQUEST)
        await eventually(lambda: len(transport.written) == 2, "the next answer")
        clock.now += 0.7
        protocol._close_if_idle()
        open_after_the_first_second = not transport.closed
        clock.now += 0.7
        protocol._close_if_idle()

        assert open_after_the_first_second
        assert transport.closed


async def test_a_request_in_work_is_no_rest() -> None:
    """However long the application takes, its connection is not closed for resting, and rests again afterwards."""
    finish = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await finish.wait()
        await answering(scope, receive, send)

    async with connected(slow, rest_seconds=1) as (protocol, transport):
        finish.set()
        protocol.data_received(REQUEST)
        await eventually(lambda: len(transport.written) == 1, "an answer")
        finish.clear()
        protocol.data_received(REQUEST)
        await asyncio.sleep(1.5)
        open_in_work = not transport.closed
        finish.set()
        await eventually(lambda: transport.closed, "the end of the rest")

        assert open_in_work
        assert len(transport.written) == 2
