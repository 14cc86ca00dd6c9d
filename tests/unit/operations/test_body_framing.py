"""Where a body ends, whatever the network cuts it into, and what may stand around it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.operations.body_framing import (
    MAX_EXTRA_BYTES,
    BodyFraming,
    ChunkedBody,
    FixedLengthBody,
    framing_of,
)
from salesloft_webhooks.operations.request_head import BadRequest

HOST = (b"host", b"test")
NEXT = b"POST /next HTTP/1.1\r\n"


def read(framing: BodyFraming, *pieces: bytes) -> tuple[bytes, bytes | None]:
    """The whole body out of these pieces, and what follows its end."""
    body = b""
    for number, piece in enumerate(pieces, 1):
        part, rest = framing.feed(piece)
        body += part
        if rest is not None:
            return body, rest + b"".join(pieces[number:])
    return body, None


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A body, and its chunked form cut into pieces, with extensions, trailers and a next request behind it."""
    contents = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
    extension = draw(st.sampled_from([b"", b";a=b", b' ;q="x;y"']))
    trailers = draw(st.lists(st.sampled_from([b"X-A: 1\r\n", b"X-Salesloft-Signature: " + b"0" * 64 + b"\r\n"])))
    raw = b"".join(b"%X%b\r\n%b\r\n" % (len(content), extension, content) for content in contents)
    raw += b"000\r\n" + b"".join(trailers) + b"\r\n" + NEXT
    cuts = draw(st.sets(st.integers(1, len(raw) - 1), max_size=12))
    return b"".join(contents), [raw[start:end] for start, end in pairwise([0, *sorted(cuts), len(raw)])]


@given(chunked())
def test_a_chunked_body_ends_where_it_says(example: tuple[bytes, list[bytes]]) -> None:
    """However chunks are cut, the body is their contents, extensions and trailers are gone, the rest is untouched."""
    body, pieces = example

    assert read(ChunkedBody(), *pieces) == (body, NEXT)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_a_body_of_a_known_length_ends_there(body: bytes, cut: int) -> None:
    """However it is cut, as many bytes as announced are the body and the rest is untouched."""
    raw = body + NEXT

    assert read(FixedLengthBody(len(body)), raw[:cut], raw[cut:]) == (body, NEXT)


@pytest.mark.parametrize(
    "raw",
    [
        b"5\nhello\r\n",
        b"5\r\nhello\n",
        b"5\r\nhelloX\r\n",
        b"5\r\nhello\r\n\r\n",
        b"0x5\r\nhello\r\n",
        b"-5\r\n",
        b"\r\n",
        b"5 \r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5;a=\rb\r\nhello\r\n",
        b"123456789\r\n",
        b"0\r\n folded: 1\r\n\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\nX: 1\n\r\n",
        b"0\r\nX : 1\r\n\r\n",
        b"0\r\nX: \x00\r\n\r\n",
    ],
)
@pytest.mark.parametrize("packets", ["whole", "single bytes"])
def test_framing_that_two_readers_may_read_differently_is_refused(raw: bytes, packets: str) -> None:
    """Bare line feeds, blanks, signs, sizes beyond 32 bits, broken trailers: nothing is guessed."""
    pieces = [raw] if packets == "whole" else [bytes([byte]) for byte in raw]

    with pytest.raises(BadRequest):
        read(ChunkedBody(), *pieces)


@pytest.mark.parametrize("line", [b"X-Endless: 1\r\n", b"X: " + b"y" * 900 + b"\r\n"], ids=["tiny", "long"])
def test_trailers_have_a_limit(line: bytes) -> None:
    """Trailers are read and dropped up to 8 KiB, and not for as long as somebody likes to send."""
    fitting, too_many = MAX_EXTRA_BYTES // len(line), MAX_EXTRA_BYTES // len(line) + 1

    assert read(ChunkedBody(), b"0\r\n", line * fitting, b"\r\n") == (b"", b"")
    with pytest.raises(BadRequest):
        read(ChunkedBody(), b"0\r\n", line * too_many)


def test_chunk_extensions_have_a_limit() -> None:
    """So have extensions, all of a body together: they are bytes that no body limit counts."""
    chunk = b"1;" + b"e" * 800 + b"\r\nx\r\n"

    assert read(ChunkedBody(), chunk * 10, b"0\r\n\r\n") == (b"x" * 10, b"")
    with pytest.raises(BadRequest):
        read(ChunkedBody(), chunk * 11)


def test_a_body_is_not_cut_to_crumbs() -> None:
    """A thousand tiny chunks are fine, and so are small ones beside large ones; a body of nothing else is not."""
    crumb, large = b"1\r\nx\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    assert read(ChunkedBody(), crumb * 1_000, b"0\r\n\r\n") == (b"x" * 1_000, b"")
    assert read(ChunkedBody(), large, crumb * 1_250, b"0\r\n\r\n") == (b"x" * 66_786, b"")
    with pytest.raises(BadRequest):
        read(ChunkedBody(), crumb * 1_100)


def test_a_line_without_an_end_has_a_limit() -> None:
    """One endless extension or trailer is not held until it ends."""
    for beginning in (b"1;", b"0\r\nX: "):
        with pytest.raises(BadRequest):
            read(ChunkedBody(), beginning, *[b"x" * 100] * 11)


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        pytest.param("1.1", [], id="no host"),
        pytest.param("1.1", [HOST, HOST], id="two hosts"),
        pytest.param("1.0", [HOST, HOST], id="two hosts in 1.0"),
        pytest.param("1.0", [(b"transfer-encoding", b"chunked")], id="chunks in 1.0"),
        pytest.param("1.1", [HOST, (b"transfer-encoding", b"gzip, chunked")], id="compressed for transfer"),
        pytest.param("2.0", [HOST], id="HTTP/2 in words"),
        pytest.param("0.9", [HOST], id="HTTP/0.9 with fields"),
    ],
)
def test_heads_that_http_forbids_are_refused(version: str, fields: list[tuple[bytes, bytes]]) -> None:
    """RFC 9112 demands one host, chunks in 1.1 only, and codings that are understood."""
    with pytest.raises(BadRequest):
        framing_of(version, fields)


@pytest.mark.parametrize(
    ("version", "fields", "kind"),
    [
        pytest.param("1.1", [HOST], type(None), id="no body"),
        pytest.param("1.0", [], type(None), id="no host in 1.0"),
        pytest.param("1.1", [HOST, (b"content-length", b"0")], type(None), id="an empty body"),
        pytest.param("1.1", [HOST, (b"content-length", b"00")], type(None), id="an empty body in two digits"),
        pytest.param("1.0", [HOST, (b"content-length", b"5")], FixedLengthBody, id="a length"),
        pytest.param("1.1", [HOST, (b"transfer-encoding", b"Chunked")], ChunkedBody, id="chunks"),
    ],
)
def test_the_head_says_how_its_body_is_framed(
    version: str, fields: list[tuple[bytes, bytes]], kind: type[object]
) -> None:
    """A length, chunks, or no body at all."""
    assert isinstance(framing_of(version, fields), kind)
