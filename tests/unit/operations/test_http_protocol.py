"""What a connection does that no client can tell apart by what it reads: how often it writes, and when it rests."""

import asyncio

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from salesloft_webhooks.delivery_outcomes import Answer
from salesloft_webhooks.operations import body_at_once
from salesloft_webhooks.receiver.responses import AnswerResponse
from tests.support.http_connections import FakeServer, Transport
from tests.support.waiting import eventually

REQUEST = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{}"
ANSWER = AnswerResponse(Answer(200, {"received": True}))


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


async def answered(app: ASGIApp, request: bytes) -> Transport:
    """The connection after one request."""
    async with FakeServer(app).connection() as (protocol, transport):
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
    async with FakeServer(answering).connection() as (protocol, transport):
        protocol.data_received(REQUEST * 3)
        await eventually(lambda: len(transport.written) == 3, "three answers")

        assert len(set(transport.written)) == 1
        assert protocol.server_state.total_requests == 3


async def test_a_connection_that_rests_too_long_is_closed() -> None:
    """Counted from the last answer: one that came meanwhile begins the time anew."""
    async with FakeServer(answering, rest_seconds=1).connection() as (protocol, transport):
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

    async with FakeServer(slow, rest_seconds=1).connection() as (protocol, transport):
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


@pytest.mark.parametrize(
    ("pieces", "at_once"),
    [
        pytest.param([REQUEST], b"{}", id="whole"),
        pytest.param([REQUEST[:-2], REQUEST[-2:]], None, id="its body later"),
        pytest.param([REQUEST.replace(b"\r\n", b"\r\nExpect: 100-continue\r\n", 1)], None, id="waits for a 100"),
    ],
)
async def test_a_body_that_is_here_is_had_without_a_message(pieces: list[bytes], at_once: bytes | None) -> None:
    """The application has it at once and only once; a body that is not, or not asked for yet, comes by a message."""
    taken: list[bytes | None] = []

    async def taking(scope: Scope, receive: Receive, send: Send) -> None:
        taken.append(body_at_once(scope))
        taken.append((await receive())["body"] if taken[0] is None else body_at_once(scope))
        await ANSWER(scope, receive, send)

    async with FakeServer(taking).connection() as (protocol, transport):
        for piece in pieces:
            protocol.data_received(piece)
            await asyncio.sleep(0.01)
        await eventually(lambda: not protocol.in_work, "the answer")

        assert taken == [at_once, b"{}" if at_once is None else None]
        assert transport.written[-1].startswith(b"HTTP/1.1 200 OK\r\n")
