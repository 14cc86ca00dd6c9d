"""What unauthenticated clients can make the process hold, measured from outside."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest

from tests.support.http_client import Connection, request
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, signed_headers
from tests.support.servers import Server

MIB = 1_048_576


@pytest.fixture
def fresh(valkey: Server) -> Iterator[ReceiverProcess]:
    """A receiver of the test's own that has answered, so that what it holds from here on is its visitors' doing."""
    with ReceiverProcess(valkey.url) as receiver:
        for number in range(20):
            receiver.send(delivery(envelope(f"evt-{number}")))
        yield receiver


def held(receiver: ReceiverProcess) -> int:
    """The process's resident memory in bytes."""
    return int(psutil.Process(receiver.pid).memory_info().rss)


def flood(port: int, beginning: bytes, endless: bytes, *, seconds: float) -> int:
    """Send without end on one connection, until it is closed or the time is over; bytes sent."""
    sent = 0
    ends = time.monotonic() + seconds
    with Connection(port) as connection, suppress(ConnectionError):
        connection.send(beginning)
        while time.monotonic() < ends:
            connection.send(endless)
            sent += len(endless)
    return sent


def opened(stack: ExitStack, port: int, count: int, raw: bytes) -> list[Connection]:
    """Connections that have sent this and are held open; the receiver may close some."""
    connections = [stack.enter_context(Connection(port)) for _ in range(count)]
    for connection in connections:
        with suppress(OSError):
            connection.send(raw)
    time.sleep(1.0)
    return connections


@pytest.mark.parametrize("port", ["webhooks", "operations"])
def test_endless_trailers_cost_nothing(fresh: ReceiverProcess, port: str) -> None:
    """One connection that sends trailers without end is cut off, on either port (it once took 1.9 GB)."""
    head = request("POST", PATH, signed_headers(b"") | {"Transfer-Encoding": "chunked"}) + b"0\r\n"
    before = held(fresh)

    sent = flood(fresh.port if port == "webhooks" else fresh.ops_port, head, b"a: b\r\n" * 5_000, seconds=3)

    assert held(fresh) - before < 20 * MIB
    assert sent < 20 * MIB
    assert fresh.send(delivery(envelope("evt-after"))).status == 200


@pytest.mark.parametrize("port", ["webhooks", "operations"])
def test_unfinished_heads_cost_their_bytes(fresh: ReceiverProcess, port: str) -> None:
    """Two hundred heads in tiny lines that never end take a few MiB (they once took 413)."""
    before = held(fresh)

    with ExitStack() as stack:
        lines = b"POST / HTTP/1.1\r\n" + b"a:\r\n" * 4_000
        opened(stack, fresh.port if port == "webhooks" else fresh.ops_port, 200, lines)
        grown = held(fresh) - before
        reply = fresh.send(delivery(envelope("evt-beside")))

    assert grown < 30 * MIB
    assert reply.status == 200


@pytest.mark.parametrize("port", ["webhooks", "operations"])
def test_pipelined_requests_wait_as_bytes(fresh: ReceiverProcess, port: str) -> None:
    """Thousands of requests in one packet are begun one after the other, whatever is asked for and never read."""
    path = "/x" if port == "webhooks" else "/metrics"
    before = held(fresh)

    with ExitStack() as stack:
        opened(stack, fresh.port if port == "webhooks" else fresh.ops_port, 60, request("GET", path) * 6_000)
        grown = held(fresh) - before
        reply = fresh.send(delivery(envelope("evt-beside")))

    assert grown < 60 * MIB
    assert reply.status == 200


def test_all_unfinished_bodies_together_are_bounded(fresh: ReceiverProcess) -> None:
    """Three hundred well-formed forgeries of 1 MiB, all but the last byte, hold little more than there is."""
    forged = signed_headers(b"another body") | {"Content-Length": str(MIB)}
    before = held(fresh)

    with ExitStack() as stack:
        opened(stack, fresh.port, 300, request("POST", PATH, forged) + b"x" * (MIB - 1))
        grown = held(fresh) - before

    assert grown < 140 * MIB


def test_idle_connections_count_too(valkey: Server) -> None:
    """Two thousand silent connections against a budget of 4 MiB: most are closed, and a sender gets through."""
    with ReceiverProcess(valkey.url, {"BODY_MEMORY_BYTES": str(4 * MIB)}) as receiver, ExitStack() as stack:
        before = held(receiver)
        opened(stack, receiver.port, 2000, b"")
        grown = held(receiver) - before
        connections = len(psutil.Process(receiver.pid).net_connections())
        reply = receiver.send(delivery(envelope("evt-beside")))

    assert connections < 400
    assert grown < 20 * MIB
    assert reply.status == 200


def test_heads_whose_body_is_to_come_count_too(valkey: Server) -> None:
    """A thousand heads of 16 KiB in tiny fields, signed in form, wait for their bodies within a budget of 8 MiB."""
    fields = {f"X-{number}": "y" * 150 for number in range(90)}
    raw = request("POST", PATH, signed_headers(b"another body") | {"Content-Length": "9"} | fields)
    grown = []
    for _ in range(3):  # what an allocator keeps differs by MiB, and only upwards: the least says what is held
        with ReceiverProcess(valkey.url, {"BODY_MEMORY_BYTES": str(8 * MIB)}) as receiver, ExitStack() as stack:
            before = held(receiver)
            opened(stack, receiver.port, 1000, raw)
            grown.append((held(receiver) - before) / MIB)
            reply = receiver.send(delivery(envelope("evt-beside")))
        assert reply.status == 200

    assert min(grown) < 18, grown
