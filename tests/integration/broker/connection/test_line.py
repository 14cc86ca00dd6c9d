"""One connection for many calls: every answer reaches its own caller or nobody, whoever leaves and whatever breaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import hiredis
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, OutOfMemoryError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from salesloft_webhooks.broker.connection import line as line_module
from salesloft_webhooks.broker.connection.line import Line
from tests.support.servers import Server
from tests.support.waiting import eventually

OVERDUE_SECONDS = 0.3


async def connected(client: Redis) -> Any:
    """A connection as redis-py makes it."""
    connection = client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    await connection.connect()
    return connection


@asynccontextmanager
async def opened(server: Server, *, seconds: float = 10.0, protocol: int = 3) -> AsyncIterator[Line]:
    """A line to a server."""
    async with Redis(port=server.port, protocol=protocol) as client:
        connection = await connected(client)
        line = Line(connection, seconds, None)
        try:
            yield line
        finally:
            line.close()
            await line.wait_closed()


@pytest.fixture
async def line(server: Server) -> AsyncIterator[Line]:
    """A line to an empty server of each engine."""
    async with opened(server) as found:
        yield found


async def test_many_calls_at_once_get_each_its_own_answer(line: Line) -> None:
    """Calls that are under way together are answered in the order in which they were made, errors among them."""
    calls = [line.call("ECHO", number) if number % 7 else line.call("NO-SUCH") for number in range(500)]

    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert [answer for answer in answers if isinstance(answer, bytes)] == [b"%d" % n for n in range(500) if n % 7]
    assert all(isinstance(answers[number], ResponseError) for number in range(0, 500, 7))


async def test_an_answer_in_many_pieces(line: Line) -> None:
    """An answer of megabytes, and an empty one, a list and a false come back as they are."""
    big = b"x" * 5_000_000

    assert await line.call("ECHO", big) == big
    assert await line.call("EVAL", "return {1, '', {false, 'two'}}", 0) == [1, b"", [None, b"two"]]
    assert await line.call("EVAL", "redis.setresp(3) return false", 0) is False


async def test_who_leaves_early_takes_no_answer_along(line: Line) -> None:
    """A cancelled caller's answer is thrown away; the next caller gets its own, on the same connection."""
    mine = await line.call("CLIENT", "ID")
    calls = [line.call("ECHO", number) for number in range(9)]
    for each in calls[::2]:
        each.cancel()

    assert await asyncio.gather(*calls[1::2]) == [b"1", b"3", b"5", b"7"]
    assert await line.call("CLIENT", "ID") == mine


async def test_an_overdue_answer_ends_the_line(own_server: Server) -> None:
    """When the oldest answer is overdue, all calls fail as timed out, and what comes late reaches nobody."""
    own_server.start()
    async with opened(own_server, seconds=OVERDUE_SECONDS) as line:
        own_server.freeze()
        calls = [line.call("INCR", "n") for _ in range(3)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        own_server.thaw()

        assert [type(end) for end in ended] == [RedisTimeoutError] * 3
        assert not line.ready
        with pytest.raises(RedisConnectionError):
            line.call("INCR", "n")


async def test_only_silence_is_overdue(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is used all the time for longer than the limit, and one that nobody uses, go on working."""
    monkeypatch.setattr(line, "_seconds", 0.1)
    until = asyncio.get_running_loop().time() + 0.5
    while asyncio.get_running_loop().time() < until:
        assert await line.call("ECHO", "a") == b"a"
    await asyncio.sleep(0.3)

    assert await line.call("ECHO", "b") == b"b"


async def test_a_slow_answer_is_looked_into(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an answer is slow, and no longer, the owner of the line is told again and again."""
    monkeypatch.setattr(line_module, "SLOW_SECONDS", 0.05)
    own_server.start()
    told: list[Line] = []
    async with opened(own_server) as line:
        monkeypatch.setattr(line, "_slow", told.append)
        own_server.freeze()
        call = line.call("ECHO", "a")
        await eventually(lambda: len(told) >= 3, "it is told")
        own_server.thaw()
        assert await call == b"a"
        count = len(told)
        await line.call("ECHO", "b")
        await asyncio.sleep(0.2)

    assert (len(told), set(told)) == (count, {line})


async def test_a_server_that_goes_away(own_server: Server) -> None:
    """Calls under way fail as lost, an idle line is noticed to be dead at once, and nothing is sent again."""
    own_server.options["appendonly"] = "yes"
    own_server.start()
    async with opened(own_server) as line, opened(own_server) as idle:
        await line.call("SET", "n", 0)
        own_server.freeze()
        calls = [line.call("INCR", "n") for _ in range(3)]
        own_server.stop(kill=True)
        ended = await asyncio.gather(*calls, return_exceptions=True)
        await eventually(lambda: not idle.ready, "the idle line is dead")

    assert [type(end) for end in ended] == [RedisConnectionError] * 3
    own_server.start()
    with own_server.client() as client:
        assert client.get("n") == "0"


async def test_a_retired_line_answers_what_is_under_way(line: Line) -> None:
    """It takes no more calls, and closes after the last answer."""
    calls = [line.call("ECHO", number) for number in range(3)]
    line.retire()

    with pytest.raises(RedisConnectionError):
        line.call("ECHO", "late")
    assert await asyncio.gather(*calls) == [b"0", b"1", b"2"]
    assert line.closed


async def test_pushes_are_no_answers(line: Line, server: Server) -> None:
    """What the server sends unasked and says so is not taken for an answer."""
    await line.call("CLIENT", "TRACKING", "ON", "BCAST")
    with server.client() as client:
        client.set("a", "1")

    assert [await line.call("ECHO", number) for number in range(3)] == [b"0", b"1", b"2"]


async def test_an_answer_that_nobody_asked_for_ends_the_line(server: Server) -> None:
    """Answers could be mixed up from there on: calls fail, and no call is answered with it."""
    async with opened(server, protocol=2) as line:
        await line.call("SUBSCRIBE", "channel")
        with server.client() as client:
            client.publish("channel", "unasked")
        await eventually(lambda: not line.ready, "the line is closed")


async def test_errors_are_redis_pys(own_server: Server) -> None:
    """The server's errors arrive as the classes that everything above tells apart."""
    own_server.options |= {"maxmemory": "1mb"}
    own_server.start()
    async with opened(own_server) as line:
        with pytest.raises(OutOfMemoryError) as caught:
            await line.call("SET", "a", b"x" * 2_000_000)

    assert getattr(caught.value, "status_code", None) == "OOM"


async def test_a_connection_that_is_closed_already(own_server: Server) -> None:
    """One that the server has closed while redis-py logged in is not taken over as if it lived."""
    own_server.start()
    async with Redis(port=own_server.port) as client:
        connection = await connected(client)
        own_server.stop(kill=True)
        await eventually(connection._reader.at_eof, "redis-py has seen it")

        with pytest.raises(RedisConnectionError):
            Line(connection, 1.0, None)
        await connection.disconnect()


def test_what_is_not_redis_ends_the_line() -> None:
    """The error for bytes that are no answer is one that is translated like all others of redis-py."""
    reader = hiredis.Reader(InvalidResponse, notEnoughData=None)
    reader.feed(b"HTTP/1.1 400 Bad Request\r\n")

    with pytest.raises(InvalidResponse):
        reader.gets()
