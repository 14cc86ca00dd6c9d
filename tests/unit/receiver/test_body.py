"""A body is read within limits of size, time and total memory, whatever arrives."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.types import Message, Receive

from salesloft_webhooks.receiver.body import SMALL_BYTES, BodyReader, Unread

DISCONNECT: Message = {"type": "http.disconnect"}


def chunks(*parts: bytes) -> list[Message]:
    """The messages of a body that arrives in these parts."""
    return [
        {"type": "http.request", "body": part, "more_body": number < len(parts)} for number, part in enumerate(parts, 1)
    ]


def receiving(messages: list[Message]) -> Receive:
    """An ASGI ``receive`` that yields the messages and then nothing, for ever."""
    remaining: Iterator[Message] = iter(messages)

    async def receive() -> Message:
        for message in remaining:
            return message
        return await asyncio.Future()

    return receive


def reader(*, max_bytes: int = 10, memory_bytes: int = 100, timeout_seconds: float = 5) -> BodyReader:
    """Small limits."""
    return BodyReader(max_bytes=max_bytes, timeout_seconds=timeout_seconds, memory_bytes=memory_bytes)


def length(declared: bytes) -> list[tuple[bytes, bytes]]:
    """Headers with a Content-Length."""
    return [(b"host", b"test"), (b"content-length", declared)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([b""], b"", id="empty"),
        pytest.param([b"0123456789"], b"0123456789", id="as long as allowed"),
        pytest.param([b"01", b"", b"234", b"56789", b""], b"0123456789", id="in chunks"),
        pytest.param([b"0123456789", b"0"], Unread.TOO_LARGE, id="one byte more"),
        pytest.param([b"01234567890"], Unread.TOO_LARGE, id="one byte more at once"),
    ],
)
async def test_what_arrives_is_counted(parts: list[bytes], expected: bytes | Unread) -> None:
    """A body is accepted up to the limit, to the byte, in whatever chunks it comes."""
    with reader().body() as body:
        outcome = await body.read([], receiving(chunks(*parts)))

    assert outcome == expected


async def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    """Who announces too much is not listened to."""
    with reader(timeout_seconds=60).body() as body:
        outcome = await asyncio.wait_for(body.read(length(b"11"), receiving([])), timeout=1)

    assert outcome is Unread.TOO_LARGE


@pytest.mark.parametrize("declared", [b"0", b"3", b"-1", b"1_0", b"ten", b"", b"\xb2"])
async def test_a_declared_length_is_not_believed(declared: bytes) -> None:
    """A length that lies or is no number changes nothing: what arrives decides."""
    with reader().body() as body:
        small = await body.read(length(declared), receiving(chunks(b"01234")))
    with reader().body() as body:
        large = await body.read(length(declared), receiving(chunks(b"01234", b"0123456")))

    assert small == b"01234"
    assert large is Unread.TOO_LARGE


async def test_a_trickle_does_not_extend_the_time() -> None:
    """The time limit is for the whole body, so a byte now and then does not keep a request alive."""

    async def trickle() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    with reader(max_bytes=1000, memory_bytes=1000, timeout_seconds=0.2).body() as body:
        outcome = await asyncio.wait_for(body.read([], trickle), timeout=2)

    assert outcome is Unread.TOO_SLOW


async def test_a_client_that_leaves_is_told_from_a_body_that_ends() -> None:
    """Half a body is never taken for a whole one."""
    half = chunks(b"0123", b"4567")[:1]

    with reader().body() as body:
        outcome = await body.read([], receiving([*half, DISCONNECT]))

    assert outcome is Unread.DISCONNECTED


async def test_all_large_bodies_together_are_bounded() -> None:
    """While bodies in work hold all the memory there is, the next large one is not read; afterwards it is."""
    large = b"x" * (SMALL_BYTES + 1)
    shared = reader(max_bytes=4 * SMALL_BYTES, memory_bytes=2 * SMALL_BYTES)
    with shared.body() as first:
        assert await first.read([], receiving(chunks(large))) == large
        with shared.body() as second:
            assert await second.read([], receiving(chunks(large[:9], large[9:]))) is Unread.NO_ROOM

    with shared.body() as third:
        assert await third.read([], receiving(chunks(large))) == large

    assert shared.free_bytes == 2 * SMALL_BYTES


async def test_small_bodies_are_read_beside_large_unfinished_ones() -> None:
    """Strangers who hold all the memory with large bodies do not keep an ordinary delivery out."""
    large, small = b"x" * (2 * SMALL_BYTES), b"y" * SMALL_BYTES
    shared = reader(max_bytes=4 * SMALL_BYTES, memory_bytes=2 * SMALL_BYTES)
    with shared.body() as held:
        assert await held.read([], receiving(chunks(large))) == large
        with shared.body() as delivery:
            assert await delivery.read([], receiving(chunks(small))) == small


async def test_memory_is_given_back_however_reading_ends() -> None:
    """A refusal, a disconnect or a cancellation leaves no memory counted."""
    shared = reader(timeout_seconds=0.05)
    for messages in (chunks(b"01234", b"0123456"), [*chunks(b"0123", b"")[:1], DISCONNECT], chunks(b"0", b"")[:1]):
        with shared.body() as body:
            assert isinstance(await body.read([], receiving(messages)), Unread)

    assert shared.free_bytes == 100
