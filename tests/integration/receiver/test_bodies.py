"""Bodies that are too large, too slow, or not what their headers say."""

import json
import time
from contextlib import suppress

import pytest

from tests.support.http_client import Connection, request
from tests.support.looking_client import written_of_events
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, signed_headers
from tests.support.servers import Server
from tests.support.waiting import wait_until

LIMIT = 1_048_576


def body_of(size: int) -> bytes:
    """A readable delivery of exactly this many bytes."""
    empty = envelope("evt-large", data={"id": 1, "text": ""})
    return envelope("evt-large", data={"id": 1, "text": "x" * (size - len(empty))})


def chunked(body: bytes, size: int = 60_000) -> bytes:
    """The body in chunked transfer encoding."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def test_a_body_of_exactly_the_limit_is_received(receiver: ReceiverProcess) -> None:
    """1 MiB is allowed, with a length or in chunks."""
    body = body_of(LIMIT)
    headers = signed_headers(body)

    declared = receiver.send(request("POST", PATH, headers, body))
    in_chunks = receiver.send(request("POST", PATH, headers | {"Transfer-Encoding": "chunked"}, chunked(body)))

    assert json.loads(declared.body) == {"received": True}
    assert json.loads(in_chunks.body) == {"status": "already_processed"}


def test_one_byte_more_is_too_large(receiver: ReceiverProcess) -> None:
    """413, signed or not, with a length or in chunks, and the answer arrives although the body was still coming."""
    body = body_of(LIMIT + 1)
    headers = signed_headers(body)

    replies = [
        receiver.send(request("POST", PATH, headers, body)),
        receiver.send(request("POST", PATH, {}, body)),
        receiver.send(request("POST", PATH, headers | {"Transfer-Encoding": "chunked"}, chunked(body))),
    ]

    assert [reply.status for reply in replies] == [413] * 3
    assert all(reply.headers["connection"] == "close" for reply in replies)


def test_a_refusal_waits_for_the_rest(receiver: ReceiverProcess) -> None:
    """A client that sends its whole body before it reads is not cut off half-way, and so gets to see the 413."""
    body = body_of(LIMIT + 1)
    raw = request("POST", PATH, signed_headers(body), body)

    with Connection(receiver.port) as connection:
        for start in range(0, len(raw), 100_000):
            connection.send(raw[start : start + 100_000])
            time.sleep(0.02)
        reply = connection.reply()

    assert reply is not None
    assert reply.status == 413


def test_an_announced_flood_is_refused_unread(receiver: ReceiverProcess) -> None:
    """A huge Content-Length is answered at once, and a client that asks first is not told to continue."""
    with Connection(receiver.port) as connection:
        began = time.monotonic()
        connection.send(request("POST", PATH, {"Content-Length": "10000000000", "Expect": "100-continue"}))
        reply = connection.reply()

    assert reply is not None
    assert reply.status == 413
    assert time.monotonic() - began < 1.5


def test_an_endless_body_is_cut_off(receiver: ReceiverProcess) -> None:
    """Whoever goes on sending after the 413 is read for a moment, so that the answer arrives, and then cut off."""
    with Connection(receiver.port) as connection:
        connection.send(request("POST", PATH, {"Transfer-Encoding": "chunked"}))
        with pytest.raises(ConnectionError):  # noqa: PT012 - one of many identical sends fails
            for _ in range(1000):
                connection.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


def test_a_client_may_ask_before_it_sends(receiver: ReceiverProcess) -> None:
    """``Expect: 100-continue`` is answered, and then the delivery."""
    raw = delivery(envelope("evt-1"), Expect="100-continue")
    head, _, body = raw.partition(b"\r\n\r\n")

    with Connection(receiver.port) as connection:
        connection.send(head + b"\r\n\r\n")
        interim = connection.reply()
        connection.send(body)
        final = connection.reply()

    assert interim is not None
    assert final is not None
    assert (interim.status, final.status) == (100, 200)


def test_who_asks_and_sends_what_is_no_body_is_refused(receiver: ReceiverProcess) -> None:
    """Head and a broken body in one packet: 400, before anybody could be told to go on; that is no error of ours."""
    fields = signed_headers(b"") | {"Transfer-Encoding": "chunked", "Expect": "100-continue"}
    before = receiver.metric("salesloft_webhooks_deliveries_total", outcome="error")

    reply = receiver.send(request("POST", PATH, fields) + b"no size\r\n")

    assert reply.status == 400
    assert receiver.send(delivery(envelope("evt-1"))).status == 200
    assert receiver.metric("salesloft_webhooks_deliveries_total", outcome="error") == before


def test_a_trickling_body_is_too_slow(receiver: ReceiverProcess) -> None:
    """408 when the whole body has not arrived in time (2 s here), although a byte comes every 50 ms."""
    raw = delivery(envelope("evt-1"))
    head, _, body = raw.partition(b"\r\n\r\n")

    with Connection(receiver.port) as connection:
        connection.send(head + b"\r\n\r\n")
        with suppress(ConnectionError):  # it may already be closed
            for byte in body[:60]:
                connection.send(bytes([byte]))
                time.sleep(0.05)
        reply = connection.reply()

    assert len(body) > 60
    assert reply is not None
    assert reply.status == 408


def test_a_length_that_is_too_long_waits_in_vain(receiver: ReceiverProcess) -> None:
    """A body shorter than its Content-Length is never taken for whole: 408."""
    body = envelope("evt-1")
    headers = signed_headers(body) | {"Content-Length": str(len(body) + 1)}

    assert receiver.send(request("POST", PATH, headers, body)).status == 408


def test_a_length_that_is_too_short_cuts_the_body(receiver: ReceiverProcess) -> None:
    """Only the declared bytes are the body, so the signature fails; the rest is no request: 400, and closed."""
    body = envelope("evt-1")
    headers = signed_headers(body) | {"Content-Length": str(len(body) - 1)}

    with Connection(receiver.port) as connection:
        connection.send(request("POST", PATH, headers, body))
        statuses = {reply.status for reply in iter(connection.reply, None)}

    assert statuses <= {400, 401}
    assert statuses


@pytest.mark.parametrize(
    "headers",
    [{"Content-Length": "abc"}, {"Content-Length": "-1"}, {"Content-Length": "5", "Transfer-Encoding": "chunked"}],
    ids=["no number", "negative", "both length and chunks"],
)
def test_contradictory_framing_is_refused(receiver: ReceiverProcess, headers: dict[str, str]) -> None:
    """What a proxy and we might read differently (request smuggling) is not read at all: 400."""
    assert receiver.send(request("POST", PATH, headers, b"5\r\nhello\r\n0\r\n\r\n")).status == 400


def test_a_client_that_leaves_is_counted_and_forgotten(receiver: ReceiverProcess, valkey: Server) -> None:
    """Half a delivery gets no answer and leaves no trace but a metric."""
    name = "salesloft_webhooks_deliveries_total"
    before = receiver.metric(name, outcome="disconnected")

    with Connection(receiver.port) as connection:
        connection.send(delivery(envelope("evt-1"))[:-5])

    wait_until(
        lambda: receiver.metric(name, outcome="disconnected") == before + 1, description="the disconnect is counted"
    )
    with valkey.client() as store:
        assert written_of_events(store) == []


def test_unfinished_bodies_make_room_for_the_next(valkey: Server) -> None:
    """While a slow upload holds all the memory, a large signed delivery takes its place: 200, and 503 to the slow."""
    limits = {"MAX_BODY_BYTES": "100000", "BODY_MEMORY_BYTES": "150000", "BODY_TIMEOUT_SECONDS": "30"}
    body = envelope("evt-large", data={"id": 1, "text": "x" * 80_000})
    forged = signed_headers(b"another body") | {"Content-Length": "100000"}
    with ReceiverProcess(valkey.url, limits) as receiver, Connection(receiver.port) as slow:
        slow.send(request("POST", PATH, forged) + b"x" * 90_000)
        time.sleep(0.3)
        large = receiver.send(request("POST", PATH, signed_headers(body), body))
        small = receiver.send(delivery(envelope("evt-small")))
        refused = slow.reply()

    assert (large.status, small.status) == (200, 200)
    assert refused is not None
    assert (refused.status, refused.headers["retry-after"]) == (503, "10")


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_what_cannot_be_valid_is_refused_before_its_body(receiver: ReceiverProcess, size: int) -> None:
    """Without a signature, or with an old one, the 401 comes instead of the body, and nobody is told to go on."""
    unsigned = {"Content-Length": str(size), "Expect": "100-continue"}
    old = signed_headers(b"x" * size, timestamp="1700000000") | unsigned

    for headers in (unsigned, old):
        began = time.monotonic()
        with Connection(receiver.port) as connection:
            connection.send(request("POST", PATH, headers))
            reply = connection.reply()
        assert reply is not None
        assert (reply.status, reply.body) == (401, b'{"error":"Invalid signature"}')
        assert time.monotonic() - began < 1.5


def test_a_size_over_the_limit_comes_before_the_signature(receiver: ReceiverProcess) -> None:
    """What is too large by its own account is 413 to everybody; without a length, the missing signature is found first.

    Neither costs more than its headers.
    """
    body = body_of(LIMIT + 1)

    declared = receiver.send(request("POST", PATH, {"Content-Length": str(len(body))}))
    in_chunks = receiver.send(request("POST", PATH, {"Transfer-Encoding": "chunked"}, chunked(body)))

    assert (declared.status, in_chunks.status) == (413, 401)
