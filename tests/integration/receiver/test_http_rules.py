"""HTTP as RFC 9110 and 9112 have it: what they allow is accepted, the rest gets an answer of the contract."""

import json
import time
from collections.abc import Callable

import pytest

from tests.support.http_client import Connection, Reply, request
from tests.support.looking_client import written_of_events
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, signed_headers
from tests.support.servers import Server

BODY = envelope("evt-1")


def chunked(body: bytes, *, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    """The body in chunks of 20 bytes."""
    pieces = [body[start : start + 20] for start in range(0, len(body), 20)]
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces)
    return chunks + b"0\r\n" + trailers + b"\r\n"


def in_chunks(extra: dict[str, str] | None = None, *, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    """A signed delivery in chunks."""
    headers = signed_headers(BODY) | (extra or {}) | {"Transfer-Encoding": "chunked"}
    return request("POST", PATH, headers, chunked(BODY, extension=extension, trailers=trailers))


def with_lines(*lines: bytes, raw: bytes | None = None) -> bytes:
    """A signed delivery with more header lines."""
    raw = raw or delivery(BODY)
    return raw.replace(b"\r\n\r\n", b"".join(b"\r\n" + line for line in lines) + b"\r\n\r\n", 1)


def signature_of(raw: bytes) -> bytes:
    """The signature line of a delivery."""
    return next(line for line in raw.split(b"\r\n") if line.startswith(b"X-Salesloft-Signature"))


def twice() -> bytes:
    """A delivery whose signature line is there twice."""
    raw = delivery(BODY)
    return with_lines(signature_of(raw), raw=raw)


def joined() -> bytes:
    """The same as a proxy that puts lines together would send it on."""
    raw = delivery(BODY)
    line = signature_of(raw)
    return raw.replace(line, line + b", " + line.partition(b": ")[2])


ALLOWED = {
    "blanks after values": lambda: delivery(BODY).replace(b"\r\n", b" \t\r\n", 4).replace(b"1.1 \t", b"1.1"),
    "no blank before a value": lambda: delivery(BODY).replace(b": ", b":", 4),
    "many blanks before a value": lambda: delivery(BODY).replace(b": ", b": \t  ", 4),
    "names in capitals": lambda: delivery(BODY).replace(b"X-Salesloft-S", b"X-SALESLOFT-S"),
    "the same signature twice": twice,
    "the same signature twice in one line": joined,
    "a slash at the end": lambda: delivery(BODY, path=PATH + "/"),
    "a slash at the end and a query": lambda: delivery(BODY, path=PATH + "/?from=relay"),
    "absolute form": lambda: delivery(BODY, path="http://test" + PATH),
    "an empty line first": lambda: b"\r\n" + delivery(BODY),
    "chunks": in_chunks,
    "chunks with extensions": lambda: in_chunks(extension=b";name=value"),
    "chunks with trailers": lambda: in_chunks(trailers=b"X-Checksum: 1\r\nX-More: 2\r\n"),
    "a hundred fields": lambda: with_lines(*[b"X-%d: 1" % number for number in range(96)]),
    "HTTP/1.0 without a host": lambda: delivery(BODY).replace(b"1.1\r\nHost: test", b"1.0"),
    "HTTP/1.0 that asks to continue": lambda: with_lines(b"Expect: 100-continue").replace(b"1.1", b"1.0", 1),
    "a byte beyond ASCII in a value": lambda: with_lines(b"X-Name: \xe9"),
    "a field without a value": lambda: with_lines(b"X-Empty:"),
}


@pytest.mark.parametrize("raw", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_http_allows_is_received(receiver: ReceiverProcess, raw: Callable[[], bytes]) -> None:
    """A delivery may be written in every way HTTP has for it."""
    assert json.loads(receiver.send(raw()).body) == {"received": True}


FORBIDDEN = {
    "a folded line": lambda: with_lines(b"X-Long: a", b" b"),
    "a blank before the colon": lambda: with_lines(b"X-Name : a"),
    "a bare line feed": lambda: with_lines(b"X-Name: a\nX-Other: b"),
    "bare line feeds only": lambda: delivery(BODY).replace(b"\r\n", b"\n"),
    "a bare carriage return": lambda: with_lines(b"X-Name: a\rb"),
    "a null byte": lambda: with_lines(b"X-Name: a\x00b"),
    "no host": lambda: delivery(BODY).replace(b"Host: test\r\n", b""),
    "two hosts": lambda: with_lines(b"Host: other"),
    "the same length twice": lambda: with_lines(b"Content-Length: %d" % len(BODY)),
    "two lengths": lambda: with_lines(b"Content-Length: 1"),
    "a length and chunks": lambda: with_lines(b"Content-Length: 5", raw=in_chunks()),
    "two transfer codings": lambda: in_chunks({"transfer-encoding": "gzip, chunked"}).replace(
        b"Transfer-Encoding: chunked\r\n", b""
    ),
    "an unknown transfer coding": lambda: delivery(BODY, **{"Transfer-Encoding": "identity"}),
    "chunks in HTTP/1.0": lambda: in_chunks().replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "HTTP/2 in words": lambda: delivery(BODY).replace(b"HTTP/1.1", b"HTTP/2.0", 1),
    "a method in small letters": lambda: delivery(BODY).replace(b"POST", b"post", 1),
    "a size that is no number": lambda: (
        request("POST", PATH, {"Transfer-Encoding": "chunked"} | signed_headers(BODY)) + b"xyz\r\n"
    ),
}


@pytest.mark.parametrize("raw", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_what_http_forbids_is_told_so(receiver: ReceiverProcess, valkey: Server, raw: Callable[[], bytes]) -> None:
    """400 in the contract's form and a closed connection, at once; nothing is stored."""
    began = time.monotonic()

    with Connection(receiver.port) as connection:
        connection.send(raw())
        reply = connection.reply()
        closed = connection.closed_by_server

    assert reply is not None
    assert (reply.status, list(json.loads(reply.body)), closed) == (400, ["error"], True)
    assert reply.headers["content-type"] == "application/json"
    assert time.monotonic() - began < 1.5
    with valkey.client() as store:
        assert written_of_events(store) == []


@pytest.mark.parametrize(
    "raw",
    [
        lambda: with_lines(*[b"X-%d: 1" % number for number in range(97)]),
        lambda: with_lines(b"X-Long: " + b"x" * 16_384),
        lambda: b"POST /" + b"x" * 17_000,
    ],
    ids=["a field too many", "too many bytes", "an endless path"],
)
def test_a_head_that_is_too_large_is_told_so(receiver: ReceiverProcess, raw: Callable[[], bytes]) -> None:
    """431 in the contract's form for more than a hundred fields or 16 KiB."""
    with Connection(receiver.port) as connection:
        connection.send(raw())
        reply = connection.reply()

    assert reply is not None
    assert (reply.status, list(json.loads(reply.body))) == (431, ["error"])


def test_a_signature_in_a_trailer_is_none(receiver: ReceiverProcess, valkey: Server) -> None:
    """What follows the body is no header: a delivery signed there only is 401, and so is one that replaces its own."""
    good = signed_headers(BODY)
    trailers = b"".join(f"{name}: {value}\r\n".encode() for name, value in good.items())
    bad = {"X-Salesloft-Signature": "0" * 64, "X-Salesloft-Timestamp": good["X-Salesloft-Timestamp"]}
    headers: list[dict[str, str]] = [{}, bad, {"Trailer": "X-Salesloft-Signature"}]

    replies = [
        receiver.send(request("POST", PATH, each | {"Transfer-Encoding": "chunked"}, chunked(BODY, trailers=trailers)))
        for each in headers
    ]

    assert [reply.status for reply in replies] == [401, 401, 401]
    with valkey.client() as store:
        assert written_of_events(store) == []


@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
@pytest.mark.parametrize("body", ["with a length", "in chunks"])
def test_an_upgrade_is_declined_wherever_the_network_cuts(receiver: ReceiverProcess, protocol: str, body: str) -> None:
    """An offer to speak another protocol, in packets of 9 bytes, does not cost the delivery its body."""
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": protocol, "HTTP2-Settings": "AAMAAABk"}
    raw = delivery(BODY, **offer) if body == "with a length" else in_chunks(offer)

    with Connection(receiver.port) as connection:
        for start in range(0, len(raw), 9):
            connection.send(raw[start : start + 9])
            time.sleep(0.001)
        reply = connection.reply()
        connection.send(delivery(BODY))
        next_reply = connection.reply()

    assert reply is not None
    assert next_reply is not None
    assert json.loads(reply.body) == {"received": True}
    assert json.loads(next_reply.body) == {"status": "already_processed"}


def half_closed(port: int, raw: bytes) -> list[Reply]:
    """What a client is answered that ends its half of the connection after its request."""
    with Connection(port) as connection:
        connection.send(raw)
        connection.end()
        return list(iter(connection.reply, None))


def test_a_half_closed_client_is_answered(receiver: ReceiverProcess, valkey: Server) -> None:
    """Whoever has said everything still listens: stored, answered, and closed at once."""
    began = time.monotonic()
    [reply] = half_closed(receiver.port, delivery(BODY))

    with valkey.client() as store:
        assert store.xlen("sl:{0}:events") == 1
    assert reply.status == 200
    assert time.monotonic() - began < 1.5


def test_every_request_of_a_half_closed_client_is_answered(receiver: ReceiverProcess) -> None:
    """So do pipelined ones, refused ones too; half a request at the end is no request."""
    raw = b"".join(delivery(envelope(f"evt-{number}")) for number in range(3))

    whole = half_closed(receiver.port, raw)
    and_half = half_closed(receiver.port, raw + delivery(BODY)[:90])
    refused = half_closed(receiver.port, request("POST", PATH, {}, BODY))

    assert [reply.status for reply in whole] == [200, 200, 200]
    assert [reply.status for reply in and_half] == [200, 200, 200]
    assert [reply.status for reply in refused] == [401]


def test_a_request_to_the_server_itself_is_not_found(receiver: ReceiverProcess) -> None:
    """``OPTIONS *`` and ``GET http://host`` are requests like others, for what is not here."""
    replies = [receiver.send(request("OPTIONS", "*")), receiver.send(request("GET", "http://test"))]

    assert [reply.status for reply in replies] == [404, 404]
