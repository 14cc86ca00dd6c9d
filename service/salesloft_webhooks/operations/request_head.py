"""The head of an HTTP/1.1 request (RFC 9112), before it is parsed: where it ends, and where it is no head.

A head is parsed once, when it is whole. Until then it costs its bytes and nothing else: parsed field by field, one of
16 KiB in lines of four bytes costs 500 KiB.
"""

import re

MAX_HEAD_BYTES = 16_384
MAX_FIELDS = 100

_REQUEST_LINE = re.compile(rb"[A-Z-]+ [!-~]+ HTTP/1\.[01]\r?\n")
_NO_PATH = re.compile(rb"(https?://[^/?#]+)(\?.*)?", re.IGNORECASE)


class BadRequest(Exception):
    """Not a request as HTTP has them, or one that two readers may understand differently."""


class HeadTooLarge(Exception):
    """The head has more bytes or more fields than allowed."""


def end_of_head(data: bytes | bytearray, seen: int = 0) -> int | None:
    """The length of the head at the beginning of ``data``, including the empty line; None while it goes on.

    Args:
        data: What has arrived, without the empty lines a client may send before a request.
        seen: Bytes of it that were looked at the last time.

    Raises:
        HeadTooLarge: It is, or already has become, too large.
        BadRequest: Whatever follows, this does not become a request.
    """
    start = max(0, seen - 3)
    end = data.find(b"\n\r\n", start, MAX_HEAD_BYTES) + 3
    # A bare LF ends a line here so that the parser gets to refuse it; if it did not, such a head would never end.
    # Whichever comes first: an empty line in a body that came in the same piece ends no head.
    if b"\n\n" in data and (bare := data.find(b"\n\n", start, end if end > 2 else MAX_HEAD_BYTES) + 2) > 1:
        end = bare
    if end > 2:
        if data.count(b"\n", 0, end) > MAX_FIELDS + 2:  # beside the fields, the request line and the empty one
            raise HeadTooLarge
        return end
    if not 65 <= data[0] <= 90 or (not _REQUEST_LINE.match(data) and b"\n" in data):
        raise BadRequest  # a TLS greeting, or HTTP/0.9: answered now instead of waiting for an end that never comes
    if len(data) >= MAX_HEAD_BYTES:
        raise HeadTooLarge
    return None


def with_path(target: bytes) -> bytes:
    """The request target; one in absolute form without a path (``http://host``) gets the path ``/`` (RFC 9112, 3.2)."""
    if target[:1] == b"/" or (match := _NO_PATH.fullmatch(target)) is None:
        return target
    return match[1] + b"/" + (match[2] or b"")
