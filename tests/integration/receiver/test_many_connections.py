"""However many unauthenticated clients there are, whoever signs gets through."""

import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest

from tests.support.http_client import Connection, request
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, signed_headers
from tests.support.servers import Server

MIB = 1_048_576


def forged(size: int) -> bytes:
    """A delivery that only its signature shows to be a forgery, without its last byte."""
    headers = signed_headers(b"another body") | {"Content-Length": str(size)}
    return request("POST", PATH, headers) + b"x" * (size - 1)


@contextmanager
def unauthenticated_clients(port: int, count: int, raw: Callable[[], bytes]) -> Iterator[None]:
    """As many clients as that, each of which sends this, waits, and comes again whenever it is turned away."""
    over = threading.Event()

    def insist() -> None:
        while not over.is_set():
            with suppress(OSError), Connection(port, timeout_seconds=1) as connection:
                connection.send(raw())
                while not over.is_set() and connection._socket.recv(1000):
                    pass

    threads = [threading.Thread(target=insist) for _ in range(count)]
    for each in threads:
        each.start()
    time.sleep(2)
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(lambda: forged(MIB), id="large bodies"),
        pytest.param(lambda: forged(200_000), id="smaller bodies"),
        pytest.param(lambda: b"POST / HTTP/1.1\r\n" + b"a:\r\n" * 4_000, id="heads"),
    ],
)
def test_unauthenticated_clients_who_hold_memory_refuse_no_sender(valkey: Server, raw: Callable[[], bytes]) -> None:
    """While 70 of them hold all they can, with signatures of the right form, large signed deliveries are all 200."""
    large = [envelope(f"evt-{number}", data={"id": number, "text": "x" * 100_000 * number}) for number in range(1, 11)]
    with (
        ReceiverProcess(valkey.url, {"BODY_MEMORY_BYTES": str(8 * MIB)}) as receiver,
        unauthenticated_clients(receiver.port, 70, raw),
    ):
        statuses = [receiver.send(delivery(body)).status for body in large]

    assert statuses == [200] * 10


class LimitedReceiver(ReceiverProcess):
    """A receiver that may open as few files as the test wants."""

    def limit(self, soft: int, hard: int) -> None:
        """Start it under these limits."""
        code = (
            f"import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}));"
            "sys.argv = ['salesloft-webhooks', 'receiver'];"
            "runpy.run_module('salesloft_webhooks', run_name='__main__')"
        )
        self.program = (sys.executable, "-c", code)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Enough files for the test itself."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def many_connections(stack: ExitStack, port: int, count: int, raw: bytes = b"") -> list[Connection]:
    """Connections that have sent this and are held open."""
    connections = []
    for number in range(count):
        if number % 200 == 199:  # many, not a flood: the receiver has seen all of them, and none has just come
            with Connection(port) as asking:
                asking.send(request("GET", "/livez"))
                asking.reply()
            time.sleep(0.3)
        connections.append(stack.enter_context(Connection(port)))
        with suppress(OSError):
            connections[-1].send(raw)
    return connections


def test_the_limit_of_files_is_raised(valkey: Server, many_files: None) -> None:
    """With 1,600 idle connections at a soft limit of 1,024, a new sender gets 200 at once."""
    receiver = LimitedReceiver(valkey.url, {"BODY_TIMEOUT_SECONDS": "60"})
    receiver.limit(1_024, 4_096)
    with receiver, ExitStack() as stack:
        many_connections(stack, receiver.port, 1_600)
        began = time.monotonic()
        reply = receiver.send(delivery(envelope("evt-1")))
        took = time.monotonic() - began

    assert reply.status == 200
    assert took < 5


@pytest.mark.parametrize("kind", ["idle", "half a head", "half a body"])
@pytest.mark.parametrize("port", ["webhooks", "operations"])
def test_unauthenticated_clients_go_first_when_files_run_short(
    valkey: Server, many_files: None, port: str, kind: str
) -> None:
    """Where the limit cannot be raised, 1,600 of them cost neither a new sender, nor a known one, nor a probe."""
    raw = {"idle": b"", "half a head": b"POST / HTTP/1.1\r\nX: ", "half a body": forged(1_000)}[kind]
    receiver = LimitedReceiver(valkey.url, {"BODY_TIMEOUT_SECONDS": "60"})
    receiver.limit(512, 512)
    with receiver, ExitStack() as stack:
        known = stack.enter_context(Connection(receiver.port))
        known.send(delivery(envelope("evt-known")))
        assert known.reply() is not None
        many_connections(stack, receiver.port if port == "webhooks" else receiver.ops_port, 1_600, raw)
        began = time.monotonic()
        reply = receiver.send(delivery(envelope("evt-new")))
        known.send(delivery(envelope("evt-known-2")))
        again = known.reply()
        took = time.monotonic() - began
        ready = receiver.probe("/readyz")
        files = psutil.Process(receiver.pid).num_fds()

    assert again is not None
    assert (reply.status, again.status, ready) == (200, 200, 200)
    assert took < 5
    assert files < 512


def test_idle_senders_go_when_there_are_no_unauthenticated_clients(valkey: Server, many_files: None) -> None:
    """Six hundred proven senders at a limit of 512 files: the longest idle ones lose their connection, no delivery."""
    receiver = LimitedReceiver(valkey.url)
    receiver.limit(512, 512)
    with receiver, ExitStack() as stack:
        statuses = []
        connections = []
        for number in range(600):
            connection = stack.enter_context(Connection(receiver.port))
            connection.send(delivery(envelope(f"evt-{number}")))
            reply = connection.reply()
            statuses.append(reply.status if reply else 0)
            connections.append(connection)
        connections[-1].send(delivery(envelope("evt-last")))
        last = connections[-1].reply()
        first = connections[0].closed_by_server

    assert statuses == [200] * 600
    assert last is not None
    assert (last.status, first) == (200, True)
