"""What happens below HTTP: pipelined requests, half heads, silence, noise."""

import json
import socket
import time

import pytest

from tests.support.http_client import Connection, Reply, request
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, signed_headers
from tests.support.servers import Server


def replies_until_closed(connection: Connection) -> list[Reply]:
    """Every answer until the server closes the connection."""
    return list(iter(connection.reply, None))


def test_pipelined_deliveries_are_answered_in_order(receiver: ReceiverProcess, valkey: Server) -> None:
    """Many deliveries in one packet get as many answers, in their order, good and bad ones mixed."""
    raw = [delivery(envelope(f"evt-{number}")) for number in range(5)]
    forged = request("POST", PATH, {}, envelope("evt-forged"))

    with Connection(receiver.port) as connection:
        connection.send(b"".join([*raw, raw[0], forged]))
        replies = [connection.reply() for _ in range(7)]

    with valkey.client() as store:
        assert [fields["id"] for _, fields in store.xrange("sl:{0}:events")] == [f"evt-{n}" for n in range(5)]
    assert [reply.status for reply in replies if reply] == [200] * 6 + [401]
    assert replies[5] is not None
    assert json.loads(replies[5].body) == {"status": "already_processed"}


def test_a_connection_carries_many_deliveries(receiver: ReceiverProcess) -> None:
    """Keep-alive: a sender's deliveries come one after the other on one connection, readable or not."""
    unreadable = request("POST", PATH, signed_headers(b"{"), b"{")

    with Connection(receiver.port) as connection:
        for number in range(3):
            for raw, status in ((delivery(envelope(f"evt-{number}")), 200), (unreadable, 400)):
                connection.send(raw)
                reply = connection.reply()
                assert reply is not None
                assert (reply.status, "connection" in reply.headers) == (status, False)


def test_unauthenticated_clients_do_not_keep_their_connection(receiver: ReceiverProcess) -> None:
    """A forgery's connection is closed with its answer: idle connections are for senders that proved themselves."""
    with Connection(receiver.port) as connection:
        connection.send(request("POST", PATH, {}, b"{}"))
        reply = connection.reply()

        assert reply is not None
        assert (reply.status, reply.headers["connection"]) == (401, "close")
        assert connection.closed_by_server


def test_a_request_in_many_packets_is_one_request(receiver: ReceiverProcess) -> None:
    """Where the network cuts a request makes no difference."""
    raw = delivery(envelope("evt-1"))

    with Connection(receiver.port) as connection:
        for start in range(0, len(raw), 25):
            connection.send(raw[start : start + 25])
            time.sleep(0.005)
        reply = connection.reply()

    assert reply is not None
    assert reply.status == 200


@pytest.mark.parametrize(
    "beginning", [b"", b"\r\n", b"POST /web", request("POST", PATH)[:-2]], ids=["silence", "newline", "word", "headers"]
)
def test_an_unfinished_head_ends_with_the_connection(receiver: ReceiverProcess, beginning: bytes) -> None:
    """A head that is not complete in time (2 s here) costs us no connection for longer than that."""
    with Connection(receiver.port, timeout_seconds=8) as connection:
        began = time.monotonic()
        connection.send(beginning)

        assert connection.closed_by_server
        assert 1.5 < time.monotonic() - began < 4.5


def test_a_trickling_head_ends_with_the_connection(receiver: ReceiverProcess) -> None:
    """Nor does one header after the other, for ever."""
    with Connection(receiver.port, timeout_seconds=8) as connection:
        began = time.monotonic()
        connection.send(b"POST / HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):  # noqa: PT012 - one of many identical sends fails
            while time.monotonic() - began < 8:
                connection.send(b"X-More: 1\r\n")
                time.sleep(0.05)


def test_a_second_head_is_held_to_the_same_time(receiver: ReceiverProcess) -> None:
    """Having sent one good delivery earns nobody a connection for ever."""
    with Connection(receiver.port, timeout_seconds=8) as connection:
        connection.send(delivery(envelope("evt-1")))
        assert connection.reply() is not None
        connection.send(b"POST ")

        assert connection.closed_by_server


def test_an_idle_connection_stays_open(receiver: ReceiverProcess) -> None:
    """Between two deliveries a proxy's connection may rest for longer than a head may take."""
    with Connection(receiver.port) as connection:
        connection.send(delivery(envelope("evt-1")))
        assert connection.reply() is not None
        time.sleep(2.5)
        connection.send(delivery(envelope("evt-2")))
        reply = connection.reply()

    assert reply is not None
    assert reply.status == 200


@pytest.mark.parametrize("endless", [b"x" * 1000, b"X-Many: header\r\n" * 60], ids=["one line", "many lines"])
def test_an_endless_head_is_cut_off(receiver: ReceiverProcess, endless: bytes) -> None:
    """A head is held up to 16 KiB and what the kernel buffers, not for as long as somebody likes to send."""
    sent = 0
    with Connection(receiver.port) as connection:
        connection.send(b"POST / HTTP/1.1\r\nX-Endless: ")
        with pytest.raises(ConnectionError):  # noqa: PT012 - one of many identical sends fails
            while sent < 50_000_000:
                connection.send(endless)
                sent += len(endless)

    assert sent < 10_000_000


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST /webhooks/\xff\xfe HTTP/1.1\r\nHost: test\r\n\r\n",
        b"CONNECT test:443 HTTP/1.1\r\nHost: test\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["TLS", "half a line", "a path of bytes", "a proxy request", "HTTP/2", "an endless path"],
)
def test_what_is_no_request_is_refused(receiver: ReceiverProcess, noise: bytes) -> None:
    """Noise gets 400, 404, 431 or nothing, the connection is closed, and the receiver goes on as before."""
    with Connection(receiver.port) as connection:
        connection.send(noise)
        replies = replies_until_closed(connection)

    assert {reply.status for reply in replies} <= {400, 404, 431}
    assert receiver.send(delivery(envelope("evt-1"))).status == 200


@pytest.mark.parametrize("name", ["Upgrade", "upgrade", "UPGRADE"])
@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_an_upgrade_is_declined(receiver: ReceiverProcess, name: str, protocol: str) -> None:
    """There is one protocol here: a delivery that offers another, as Java's clients do, is answered in this one."""
    upgrade = {"Connection": "Upgrade", name: protocol}

    assert receiver.send(delivery(envelope("evt-1"), **upgrade)).status == 200


def test_an_old_client_gets_an_answer_and_a_close(receiver: ReceiverProcess) -> None:
    """HTTP/1.0, which some load balancers' checks speak, is answered and closed."""
    with Connection(receiver.port) as connection:
        connection.send(delivery(envelope("evt-1")).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        replies = replies_until_closed(connection)

    assert [reply.status for reply in replies] == [200]


def test_a_reset_in_the_middle_of_an_answer_harms_nobody_else(receiver: ReceiverProcess) -> None:
    """A client that sends and at once resets the connection leaves the receiver as it was."""
    for number in range(20):
        rude = socket.create_connection(("127.0.0.1", receiver.port))
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        rude.sendall(delivery(envelope(f"evt-{number}")))
        rude.close()

    assert receiver.send(delivery(envelope("evt-last"))).status == 200
    assert receiver.metric("salesloft_webhooks_deliveries_total", outcome="error") == 0
