"""SIGTERM: unready first, then drain, then exit 0. A roll-out loses nothing."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.http_client import Connection, Reply, request
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, signed_headers
from tests.support.servers import Server
from tests.support.waiting import wait_until


@pytest.fixture
def leaving(valkey: Server) -> Iterator[ReceiverProcess]:
    """A receiver that accepts deliveries for a second after SIGTERM, and drains for ten."""
    with ReceiverProcess(valkey.url, {"SHUTDOWN_DELAY_SECONDS": "1", "DRAIN_SECONDS": "10"}) as process:
        yield process


def port_is_open(receiver: ReceiverProcess) -> bool:
    """Whether the webhook port accepts connections."""
    try:
        Connection(receiver.port).close()
    except OSError:
        return False
    return True


def test_running_deliveries_are_all_answered(leaving: ReceiverProcess, valkey: Server) -> None:
    """Twenty deliveries wait for the store when SIGTERM comes: each is stored and answered 200, and the exit is 0."""
    with valkey.client() as store, ExitStack() as opened:
        store.client_pause(60_000, all=False)
        running = [opened.enter_context(Connection(leaving.port)) for _ in range(20)]
        for number, connection in enumerate(running):
            connection.send(delivery(envelope(f"evt-{number}")))
        wait_until(lambda: store.info("clients")["blocked_clients"] > 0, description="a publish waits")

        leaving.terminate()
        wait_until(lambda: not port_is_open(leaving), description="the port is closed")
        assert (leaving.probe("/readyz"), leaving.probe("/livez")) == (503, 200)
        store.client_unpause()
        replies = [connection.reply() for connection in running]

        assert [(reply.status, reply.headers["connection"]) for reply in replies if reply] == [(200, "close")] * 20
        assert leaving.wait() == 0
        assert store.xlen("sl:{0}:events") == 20


def test_deliveries_are_accepted_until_load_balancers_have_noticed(leaving: ReceiverProcess) -> None:
    """Unready comes first: deliveries that are still sent here are accepted, and told to go elsewhere next time."""
    leaving.terminate()
    wait_until(lambda: leaving.probe("/readyz") == 503, description="readiness says no")
    unready_since = time.monotonic()

    replies: list[Reply] = []
    while time.monotonic() - unready_since < 0.6:
        replies.append(leaving.send(delivery(envelope(f"evt-late-{len(replies)}"))))

    assert {(reply.status, reply.headers["connection"]) for reply in replies} == {(200, "close")}
    assert leaving.wait() == 0


def test_a_delivery_that_is_still_arriving_may_finish(leaving: ReceiverProcess) -> None:
    """The rest of a body that comes after SIGTERM completes the delivery."""
    raw = delivery(envelope("evt-slow"))
    with Connection(leaving.port) as connection:
        connection.send(raw[:-10])
        leaving.terminate()
        wait_until(lambda: not port_is_open(leaving), description="the port is closed")
        connection.send(raw[-10:])
        reply = connection.reply()

    assert reply is not None
    assert reply.status == 200
    assert leaving.wait() == 0


def test_what_outlasts_the_drain_time_is_told_to_come_again(valkey: Server) -> None:
    """A delivery that cannot be stored before the time is over gets 503 with Retry-After, and the exit is still 0."""
    settings = {"DRAIN_SECONDS": "1", "STORE_TIMEOUT_SECONDS": "30"}
    with (
        ReceiverProcess(valkey.url, settings) as receiver,
        valkey.client() as store,
        Connection(receiver.port) as connection,
        Connection(receiver.port) as arriving,
    ):
        arriving.send(request("POST", PATH, signed_headers(b"{}") | {"Content-Length": "3"}, b"{}"))
        store.client_pause(60_000, all=False)
        connection.send(delivery(envelope("evt-stuck")))
        wait_until(lambda: store.info("clients")["blocked_clients"] > 0, description="the publish waits")

        receiver.terminate()
        began = time.monotonic()
        replies = [connection.reply(), arriving.reply()]

        assert receiver.wait() == 0
        assert time.monotonic() - began < 4
        assert [(reply.status, reply.headers["retry-after"]) for reply in replies if reply] == [(503, "10")] * 2
        store.client_unpause()


def test_idle_connections_do_not_hold_up_the_end(valkey: Server) -> None:
    """Connections that rest between deliveries, or never said anything, are closed at once."""
    with (
        ReceiverProcess(valkey.url) as receiver,
        Connection(receiver.port) as idle,
        Connection(receiver.port) as silent,
    ):
        idle.send(delivery(envelope("evt-1")))
        assert idle.reply() is not None

        receiver.terminate()
        began = time.monotonic()

        assert receiver.wait() == 0
        assert time.monotonic() - began < 2
        assert idle.closed_by_server
        assert silent.closed_by_server
