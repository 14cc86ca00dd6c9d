"""Where we read requests otherwise than h11, why, and how such a request shows.

Every difference is one of two kinds. We *refuse* what h11 reads: what RFC 9112 forbids or lets a server refuse, because
two readers may understand it differently. Or we *read* what h11 refuses; nothing that one of them could take for
another request.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Something in a request that one refuses and the other does not.

    Attributes:
        what: In a few words.
        reason: Why, with the section.
        shows: Whether it is in these bytes, those of one request.
    """

    what: str
    reason: str
    shows: Callable[[bytes], object]


def _head(data: bytes) -> bytes:
    return re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]


def _fields(data: bytes, name: bytes) -> list[bytes]:
    return re.findall(rb"(?mi)^" + name + rb"[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?$", _head(data))


def _in_head(pattern: bytes) -> Callable[[bytes], object]:
    compiled = re.compile(pattern)
    return lambda data: compiled.search(_head(data))


def _transfer_coding(data: bytes) -> bool:
    codings = _fields(data, b"transfer-encoding")
    return bool(codings) and (
        codings != [codings[0]] or codings[0].lower() != b"chunked" or b" HTTP/1.0" in _head(data)
    )


MOST_LINES = 100
_METHODS = rb"(GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|PATCH) "
REFUSED = (
    Difference(
        "a version but 1.0 and 1.1",
        "9112, 2.3: h11 reads any; what a later one means nobody knows",
        lambda data: not re.match(rb"[^\r\n]* HTTP/1[.][01]\r?\n", data),
    ),
    Difference(
        "a method that is none, or CONNECT",
        "9110, 9.1 and 9.3.6: it is known nowhere here, and this is no proxy",
        lambda data: not re.match(_METHODS, data),
    ),
    Difference("a bare line feed", "9112, 2.2: a server MAY take it for a line's end", _in_head(rb"(?<!\r)\n")),
    Difference("a bare line feed behind a head", "the same", lambda data: re.search(rb"(?<!\r)\n", data)),
    Difference("a folded line", "9112, 5.2: MUST be refused, or its fold replaced", _in_head(rb"\r?\n[ \t]")),
    Difference(
        "the same Content-Length twice",
        "9112, 6.3: a server MAY refuse it",
        lambda data: (
            len(_fields(data, b"content-length")) > 1 or any(b"," in each for each in _fields(data, b"content-length"))
        ),
    ),
    Difference(
        "a transfer coding but chunked, or in HTTP/1.0",
        "9112, 6.1: the bytes would not be those that were signed; chunks in 1.0 are a fault of framing",
        _transfer_coding,
    ),
    Difference(
        "Content-Length beside Transfer-Encoding",
        "9112, 6.1: a server MAY refuse it; it is how requests are smuggled",
        lambda data: _fields(data, b"content-length") and _fields(data, b"transfer-encoding"),
    ),
    Difference(
        "a blank behind a chunk's size",
        "9112, 7.1: there is none in its grammar but around the `;` of an extension",
        lambda data: re.search(rb"\n[0-9A-Fa-f]+[ \t]+\r\n", data),
    ),
    Difference(
        "a chunk's size of more than eight digits",
        "9112, 7.1: a recipient MUST guard against sizes that overflow; eight digits are 4 GiB",
        lambda data: re.search(rb"\n[0-9A-Fa-f]{9,}[ \t;\r]", data),
    ),
    Difference(
        "more lines, or longer ones, than anybody needs",
        "9112, 3 and 7.1.1, 9110, 5.4: a server is to have limits (head: 100 fields; extensions and trailers: 8 KiB)",
        lambda data: data.count(b"\n") > MOST_LINES or re.search(rb"[^\n]{1024}", data),
    ),
)
READ = (
    Difference(
        "empty lines before a request",
        "9112, 2.2: a server SHOULD ignore at least one; h11 ignores none, we ignore all",
        lambda data: data.startswith((b"\r", b"\n")),
    ),
    Difference(
        "blanks before a chunk's extension",
        "9112, 7.1.1: its grammar has them there, and a recipient MUST parse them; h11 wants none",
        lambda data: re.search(rb"\n[0-9A-Fa-f]+[ \t]+;", data),
    ),
)
