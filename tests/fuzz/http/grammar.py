"""Requests by a grammar of HTTP/1.1 in which any rule may be broken, each with a body that is signed to the byte.

So what is stored says where a server saw a body end: a byte more or less, and nothing is.
"""

import random
from collections.abc import Callable, Sequence

_LENGTHS: Sequence[Callable[[int], str]] = (
    str,
    str,
    lambda size: f"0{size}",
    lambda size: f"+{size}",
    lambda size: f"{size}, {size}",
    lambda size: f"{size},",
    hex,
    lambda size: f"{size} 0",
    lambda size: str(size + 1),
    lambda size: str(size - 1),
    lambda _: "-1",
    lambda _: "",
    lambda _: "9" * 30,
    lambda size: f"{size}\t",
)
_CODINGS = (
    "chunked",
    "chunked",
    "chunked",
    "Chunked",
    "identity",
    "gzip, chunked",
    "chunked, chunked",
    "xchunked",
    "chunked;q=1",
    "\tchunked",
    "chunked ",
    '"chunked"',
    "chunked,",
    ",chunked",
    "",
    "chunked\x0b",
)
_LINES = (
    b"X-A: b",
    b"X-Empty:",
    b"X-Latin: \xe9",
    b"X-Fold: a\r\n b",
    b"X-Tab:\ta\t",
    b"Connection: keep-alive",
    b"TE: trailers",
    b"X-Lf: a\nX-More: b",
    b"X-Cr: a\rb",
    b"X-Null: a\0b",
    b"X-Blank : a",
    b": a",
    b"X A: b",
    b"no colon",
    b" X: a",
    b"Host: b",
    b"Connection: close",
    b"Upgrade: h2c",
    b"Connection: Upgrade",
    b"Expect: 100-continue",
    b"Content-Encoding: gzip",
    b"X-Long: " + b"a" * 17_000,
    b"\r\n".join(b"X-%d: 1" % number for number in range(101)),
)
_SIZES = (
    "{:x}",
    "{:x}",
    "{:x}",
    "{:X}",
    "0{:x}",
    "000000000{:x}",
    "{:x} ",
    " {:x}",
    "0x{:x}",
    "+{:x}",
    "{:x};a=b",
    '{:x};a="b;c"',
    "{:x};",
    "{:x} ;a",
    "-{:x}",
    "{:x}g",
    "",
)
_ENDS = ("\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "", "\r\n\r\n", "X\r\n")
_LASTS = (
    b"0\r\n\r\n",
    b"0\r\n\r\n",
    b"00\r\n\r\n",
    b"0\r\nX-Trailer: 1\r\n\r\n",
    b"0;a\r\n\r\n",
    b"0\n\n",
    b"0\r\n",
    b"",
    b"0\r\nbad\r\n\r\n",
)
_METHODS = ("POST", "POST", "POST", "POST", "POST", "post", "GET", "HEAD", "BREW", "POST\t", "", "CONNECT")
_VERSIONS = (
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/2.0",
    "HTTP/1.2",
    "http/1.1",
    "HTTP/1.1 ",
    "",
)
_BEFORE = (b"", b"", b"", b"", b"\r\n", b"\r\n\r\n", b"\n", b" ", b"\0", b"\x16\x03\x01")


class Grammar:
    """Makes requests by chance.

    Args:
        seed: The same makes the same.
        path: Where deliveries are taken.
        sign: Makes the headers of a body.
    """

    def __init__(self, seed: int, path: str, sign: Callable[[bytes], dict[str, str]]) -> None:
        self._chance = random.Random(seed)
        self._path = path
        self._sign = sign

    def stream(self, bodies: Sequence[bytes]) -> bytes:
        """Requests one behind the other, a body in each; some end in the middle."""
        raw = b"".join(self._request(body) for body in bodies)
        return raw[: self._chance.randrange(len(raw))] if self._chance.random() < 0.1 else raw

    def pieces(self, raw: bytes) -> list[bytes]:
        """How a stream is cut on its way."""
        size = self._chance.choice((1 << 20, 1 << 20, 1_000, 100, 17))
        return [raw[start : start + size] for start in range(0, len(raw), size)]

    def _often(self, usual: str, others: Sequence[str], odd: float) -> str:
        return self._chance.choice(others) if self._chance.random() < odd else usual

    def _request(self, body: bytes) -> bytes:
        chance = self._chance
        targets = (
            self._path + "/",
            self._path + "?a=b",
            "http://test" + self._path,
            "*",
            "/\xe9",
            "/a b",
            self._path + "#a",
            "//",
        )
        line = f"{self._often('POST', _METHODS, 0.1)} {self._often(self._path, targets, 0.2)}"
        line += f" {self._often('HTTP/1.1', _VERSIONS, 0.15)}"
        lines = [f"{name}: {value}".encode() for name, value in self._sign(body).items()]
        lines += [b"Host: test"] * (chance.random() < 0.95)
        lines += [chance.choice(_LINES) for _ in range(chance.choice((0, 0, 0, 1, 2)))]
        content = body
        if in_chunks := chance.random() < 0.5:
            lines.append(f"Transfer-Encoding: {self._often('chunked', _CODINGS, 0.2)}".encode("latin-1"))
            content = self._chunks(body)
        if not in_chunks or chance.random() < 0.1:
            written = chance.choice(_LENGTHS)(len(body)) if chance.random() < 0.25 else str(len(body))
            lines += [f"Content-Length: {written}".encode()] * (2 if chance.random() < 0.05 else 1)
        chance.shuffle(lines)
        end = b"\n" if chance.random() < 0.04 else b"\r\n"
        before = chance.choice(_BEFORE) if chance.random() < 0.2 else b""
        return before + end.join([line.encode("latin-1"), *lines, b"", b""]) + content

    def _chunks(self, body: bytes) -> bytes:
        chance, parts, start = self._chance, [], 0
        odd = chance.random() < 0.3
        while start < len(body):
            size = chance.choice((1, 20, 50, len(body)))
            piece = body[start : start + size]
            start += size
            form = chance.choice(_SIZES) if odd and chance.random() < 0.3 else "{:x}"
            ends = [chance.choice(_ENDS) if odd and chance.random() < 0.1 else "\r\n" for _ in range(2)]
            parts.append(f"{form.format(len(piece))}{ends[0]}".encode() + piece + ends[1].encode())
        return b"".join(parts) + (chance.choice(_LASTS) if odd else _LASTS[0])
