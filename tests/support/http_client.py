"""An HTTP client that can be as rude as a test needs: raw bytes out, parsed answers in."""

import socket
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        status: The code.
        headers: Values by lower-case name.
        body: The bytes after the head.
    """

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One TCP connection to a port of this machine."""

    def __init__(self, port: int, *, timeout_seconds: float = 10.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_seconds)
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave, whatever is under way."""
        self._stream.close()
        self._socket.close()

    def send(self, raw: bytes) -> None:
        """Send the bytes as they are."""
        self._socket.sendall(raw)

    def end(self) -> None:
        """Say that nothing more comes, unless the server has closed the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def reply(self) -> Reply | None:
        """The next answer, also a 100; None when the server has closed the connection."""
        with suppress(ConnectionError):
            if head := self.head():
                return replace(head, body=self._stream.read(int(head.headers.get("content-length", "0"))))
        return None

    def head(self) -> Reply | None:
        """The head of the next answer, such as one to HEAD; None when the server has closed the connection."""
        if not (status_line := self._stream.readline()):
            return None
        headers: dict[str, str] = {}
        while (line := self._stream.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return Reply(int(status_line.split()[1]), headers, b"")

    def rest(self) -> bytes:
        """Everything that still comes until the server closes the connection."""
        with suppress(ConnectionError):
            return self._stream.read()
        return b""

    @property
    def closed_by_server(self) -> bool:
        """Whether the server ends the connection without saying anything more; waits for it."""
        return self.reply() is None


def request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of a request; with a body, Content-Length is added unless it or Transfer-Encoding is given."""
    lines = {"Host": "test"} | (headers or {})
    if body and not {"Content-Length", "Transfer-Encoding"} & lines.keys():
        lines["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def exchange(port: int, raw: bytes, *, seconds: float = 10.0) -> Reply:
    """Send one request on a connection of its own and return its answer, which comes within so long."""
    with Connection(port, timeout_seconds=seconds) as connection:
        connection.send(raw)
        reply = connection.reply()
        assert reply is not None, "the server closed the connection instead of answering"
        return reply


def sample(ops_port: int, name: str, **labels: str) -> float:
    """The value of the first sample of `/metrics` with this name and these labels; 0 when there is none."""
    text = exchange(ops_port, request("GET", "/metrics")).body.decode()
    for line in text.splitlines():
        found, _, value = line.rpartition(" ")
        if found.partition("{")[0] == name and all(f'{key}="{label}"' in found for key, label in labels.items()):
            return float(value)
    return 0.0
