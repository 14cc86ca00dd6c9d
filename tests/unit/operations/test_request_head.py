"""Where a head ends, and what is recognised as none before it ends."""

import pytest

from salesloft_webhooks.operations.request_head import (
    MAX_FIELDS,
    MAX_HEAD_BYTES,
    BadRequest,
    HeadTooLarge,
    end_of_head,
    with_path,
)

LINE = b"POST /webhooks/salesloft HTTP/1.1\r\n"


def head(fields: int, size: int = 0) -> bytes:
    """A head with this many fields, the first padded so that the whole has this many bytes."""
    lines = [b"X-%03d: v\r\n" % number for number in range(fields)]
    raw = LINE + b"".join(lines) + b"\r\n"
    return raw.replace(b": v", b": " + b"v" * (1 + max(0, size - len(raw))), 1)


@pytest.mark.parametrize("rest", [b"", b"body\r\n\r\n"])
def test_a_head_ends_at_its_first_empty_line(rest: bytes) -> None:
    """What follows the empty line is not looked at."""
    raw = head(3)

    assert end_of_head(raw + rest) == len(raw)


def test_the_end_is_found_wherever_the_network_cuts() -> None:
    """A line break in two packets is still one, although what was looked at is not looked at again."""
    raw = head(2)

    for seen in range(1, len(raw)):
        assert end_of_head(raw[:seen], seen - 1) is None
        assert end_of_head(raw, seen) == len(raw)


def test_bare_line_feeds_end_a_head_too() -> None:
    """So that the parser, which refuses them, gets to see it instead of waiting in vain."""
    assert end_of_head(b"POST / HTTP/1.1\nHost: test\n\n") == 28


@pytest.mark.parametrize("end", [b"\n\n", b"\n\r\n", b"\r\n\r\n"])
@pytest.mark.parametrize("body", [b"a\r\n\r\nb", b"a\n\nb"])
def test_an_empty_line_in_the_body_ends_no_head(end: bytes, body: bytes) -> None:
    """Whichever comes first ends it, however much of the body has come in the same piece."""
    whole = b"POST / HTTP/1.1\r\nHost: test" + end

    assert end_of_head(whole + body) == end_of_head(whole) == len(whole)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(head(MAX_FIELDS + 1), id="a field too many"),
        pytest.param(head(5, MAX_HEAD_BYTES + 1), id="a byte too many"),
        pytest.param(head(5, MAX_HEAD_BYTES + 100)[:-9], id="too large already"),
    ],
)
def test_heads_have_limits(raw: bytes) -> None:
    """A hundred fields and 16 KiB, and not one more."""
    with pytest.raises(HeadTooLarge):
        end_of_head(raw)


@pytest.mark.parametrize("raw", [head(MAX_FIELDS), head(5, MAX_HEAD_BYTES)], ids=["fields", "bytes"])
def test_heads_may_reach_their_limits(raw: bytes) -> None:
    """Exactly a hundred fields, exactly 16 KiB."""
    assert end_of_head(raw) == len(raw)


@pytest.mark.parametrize(
    "raw", [b"\x16\x03\x01\x02", b"post /", b" POST /", b"GET\r\n", b"POST / HTTP/2.0\r\n", b"GET /\r\n", b"{"]
)
def test_what_can_become_no_request_is_refused_at_once(raw: bytes) -> None:
    """Noise gets its answer before the time for a head is over."""
    with pytest.raises(BadRequest):
        end_of_head(raw)


@pytest.mark.parametrize("length", range(1, len(LINE) + 1))
def test_the_beginning_of_a_request_is_waited_for(length: int) -> None:
    """No beginning of a good request is taken for noise."""
    assert end_of_head(LINE[:length]) is None


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/x", b"/x"),
        (b"*", b"*"),
        (b"http://test", b"http://test/"),
        (b"HTTP://test:80?q", b"HTTP://test:80/?q"),
        (b"http://test/x", b"http://test/x"),
    ],
)
def test_a_target_without_a_path_is_the_root(target: bytes, path: bytes) -> None:
    """``http://host`` means ``http://host/``; everything else stays what it is."""
    assert with_path(target) == path
