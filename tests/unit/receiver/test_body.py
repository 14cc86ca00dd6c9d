"""A body is read within limits of size and time, whatever arrives."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.types import Message, Receive

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.receiver.body import BodyReader

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


def reader(*, max_bytes: int = 10, timeout_seconds: float = 5) -> BodyReader:
    """Small limits."""
    return BodyReader(max_bytes=max_bytes, timeout_seconds=timeout_seconds)


def length(declared: bytes) -> list[tuple[bytes, bytes]]:
    """Headers with a Content-Length."""
    return [(b"host", b"test"), (b"content-length", declared)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([b""], b"", id="empty"),
        pytest.param([b"0123456789"], b"0123456789", id="as long as allowed"),
        pytest.param([b"01", b"", b"234", b"56789", b""], b"0123456789", id="in chunks"),
        pytest.param([b"0123456789", b"0"], DeliveryOutcome.TOO_LARGE, id="one byte more"),
        pytest.param([b"01234567890"], DeliveryOutcome.TOO_LARGE, id="one byte more at once"),
    ],
)
async def test_what_arrives_is_counted(parts: list[bytes], expected: bytes | DeliveryOutcome) -> None:
    """A body is accepted up to the limit, to the byte, in whatever chunks it comes."""
    outcome = await reader().read(receiving(chunks(*parts)))

    assert outcome == expected


def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    """Who announces too much is not listened to."""
    assert reader().too_large(length(b"11"))


@pytest.mark.parametrize("declared", [b"0", b"3", b"-1", b"1_0", b"ten", b"", b"\xb2"])
async def test_a_declared_length_is_not_believed(declared: bytes) -> None:
    """A length that lies or is no number changes nothing: what arrives decides."""
    small = await reader().read(receiving(chunks(b"01234")))
    large = await reader().read(receiving(chunks(b"01234", b"0123456")))

    assert not reader().too_large(length(declared))
    assert small == b"01234"
    assert large is DeliveryOutcome.TOO_LARGE


async def test_a_trickle_does_not_extend_the_time() -> None:
    """The time limit is for the whole body, so a byte now and then does not keep a request alive."""

    async def trickle() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    outcome = await asyncio.wait_for(reader(max_bytes=1000, timeout_seconds=0.2).read(trickle), timeout=2)

    assert outcome is DeliveryOutcome.TOO_SLOW


async def test_a_client_that_leaves_is_told_from_a_body_that_ends() -> None:
    """Half a body is never taken for a whole one."""
    half = chunks(b"0123", b"4567")[:1]

    outcome = await reader().read(receiving([*half, DISCONNECT]))

    assert outcome is DeliveryOutcome.DISCONNECTED
