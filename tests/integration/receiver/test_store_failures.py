"""What cannot be stored is answered 503 with Retry-After, in time; when the store is back, so is the receiver."""

import json
import time
from contextlib import ExitStack

import pytest

from tests.support.http_client import Connection, Reply, request
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, signed_headers
from tests.support.servers import Server
from tests.support.waiting import wait_until

IN_TIME_SECONDS = 2.0
"""The store's time-out (1 s in these tests) and some patience with a busy machine."""


def assert_not_stored(reply: Reply) -> None:
    """The one answer for everything that could not be stored."""
    assert (reply.status, reply.headers["retry-after"]) == (503, "7")
    assert json.loads(reply.body) == {"error": "Not stored, try again later"}


def assert_recovers(receiver: ReceiverProcess, event_id: str) -> None:
    """Without help from outside: ready again, and the same delivery is now accepted."""
    wait_until(lambda: receiver.probe("/readyz") == 200, description="the receiver is ready again")
    assert receiver.send(delivery(envelope(event_id))).status == 200


def test_a_stopped_store(own_server: Server, own_receiver: ReceiverProcess) -> None:
    """Connection refused: 503 in time, alive but not ready, and all by itself well again after the restart."""
    own_server.start()
    own_receiver.start()
    assert own_receiver.send(delivery(envelope("evt-0"))).status == 200
    own_server.stop()

    began = time.monotonic()
    reply = own_receiver.send(delivery(envelope("evt-1")))
    took = time.monotonic() - began
    wait_until(lambda: own_receiver.probe("/readyz") == 503, description="the receiver is unready")

    assert_not_stored(reply)
    assert took < IN_TIME_SECONDS
    assert own_receiver.probe("/livez") == 200
    own_server.start()
    assert_recovers(own_receiver, "evt-1")
    with own_server.client() as store:
        assert [fields["id"] for _, fields in store.xrange("sl:{0}:events")] == ["evt-0", "evt-1"]


def test_a_delivery_that_the_store_refuses(own_server: Server, own_receiver: ReceiverProcess) -> None:
    """503 for that one alone, counted as refused and not as an outage; others are stored, and the receiver is ready."""
    own_server.start()
    own_receiver.start()
    with own_server.client() as store:
        store.set("sl:{0}:event:evt-1", "no hash")

    refused = own_receiver.send(delivery(envelope("evt-1")))

    assert_not_stored(refused)
    assert own_receiver.metric("salesloft_webhooks_deliveries_total", source="default", outcome="store_refused") == 1
    assert own_receiver.send(delivery(envelope("evt-2"))).status == 200
    assert own_receiver.probe("/readyz") == 200


def test_a_store_that_is_not_there_yet(own_server: Server, own_receiver: ReceiverProcess) -> None:
    """The receiver starts without its store: it answers 503 and is ready as soon as the store is."""
    own_receiver.start(ready=False)

    reply = own_receiver.send(delivery(envelope("evt-1")))

    assert_not_stored(reply)
    assert (own_receiver.probe("/readyz"), own_receiver.probe("/livez")) == (503, 200)
    own_server.start()
    assert_recovers(own_receiver, "evt-1")


def test_a_store_that_hangs(own_server: Server, own_receiver: ReceiverProcess) -> None:
    """A frozen server accepts connections and never answers: every waiting delivery is 503 within the time-out."""
    own_server.start()
    own_receiver.start()
    own_server.freeze()

    began = time.monotonic()
    with ExitStack() as opened:
        connections = [opened.enter_context(Connection(own_receiver.port)) for _ in range(10)]
        for number, connection in enumerate(connections):
            connection.send(delivery(envelope(f"evt-{number}")))
        replies = [connection.reply() for connection in connections]
    took = time.monotonic() - began
    unsigned = own_receiver.send(request("POST", PATH, {}, b"{}"))
    wait_until(lambda: own_receiver.probe("/readyz") == 503, description="the receiver is unready")

    for reply in replies:
        assert reply is not None
        assert_not_stored(reply)
    assert took < IN_TIME_SECONDS
    assert unsigned.status == 401
    assert own_receiver.probe("/livez") == 200
    own_server.thaw()
    assert_recovers(own_receiver, "evt-0")


def test_a_store_without_memory(own_server: Server, own_receiver: ReceiverProcess) -> None:
    """Out of memory: 503 for what is new, and nothing half written."""
    own_server.start()
    own_receiver.start()
    with own_server.client() as store:
        store.config_set("maxmemory", 1)

        reply = own_receiver.send(delivery(envelope("evt-1")))

        assert_not_stored(reply)
        assert sorted(store.keys()) == ["sl:format", "sl:partitions", "sl:receivers", "sl:{0}:layout"]  # from the start
        store.config_set("maxmemory", 0)
    assert_recovers(own_receiver, "evt-1")


@pytest.mark.parametrize("trouble", ["stopped", "frozen", "full"])
def test_an_unreadable_delivery_that_cannot_be_kept(
    own_server: Server, own_receiver: ReceiverProcess, trouble: str
) -> None:
    """A 400 ends the sender's attempts, so it is only given once the delivery is in quarantine; until then 503."""
    own_server.start()
    own_receiver.start()
    with own_server.client() as store:
        if trouble == "full":
            store.config_set("maxmemory", 1)
    if trouble == "stopped":
        own_server.stop()
    if trouble == "frozen":
        own_server.freeze()

    began = time.monotonic()
    reply = own_receiver.send(request("POST", PATH, signed_headers(b"{"), b"{"))

    assert_not_stored(reply)
    assert time.monotonic() - began < IN_TIME_SECONDS


def test_a_backlog_over_its_limit(own_server: Server, own_receiver: ReceiverProcess) -> None:
    """Beyond the limit nothing more is stored: 503 to who is signed, still 401 to who is not, until there is room."""
    own_server.start()
    own_receiver.settings["BACKLOG_LIMIT"] = "2"
    own_receiver.start()
    for number in range(3):
        assert own_receiver.send(delivery(envelope(f"evt-{number}"))).status == 200

    wait_until(
        lambda: own_receiver.send(delivery(envelope("evt-3"))).status == 503, description="the backlog is noticed"
    )
    reply = own_receiver.send(delivery(envelope("evt-3")))
    unsigned = own_receiver.send(request("POST", PATH, {}, b"{}"))

    assert_not_stored(reply)
    assert unsigned.status == 401
    with own_server.client() as store:
        store.flushall()
    wait_until(lambda: own_receiver.send(delivery(envelope("evt-3"))).status == 200, description="it accepts again")


def test_a_promise_the_server_cannot_keep(own_server: Server, own_receiver: ReceiverProcess) -> None:
    """With DURABILITY=fsync and a server without an append-only file, nothing is acknowledged."""
    own_server.options["appendonly"] = "no"
    own_server.start()
    own_receiver.settings["DURABILITY"] = "fsync"
    own_receiver.start(ready=False)

    reply = own_receiver.send(delivery(envelope("evt-1")))

    assert_not_stored(reply)
    assert own_receiver.probe("/readyz") == 503


def test_identical_deliveries_at_the_same_instant(receiver: ReceiverProcess, valkey: Server) -> None:
    """Of many identical deliveries sent at once, exactly one is received and the others are already processed."""
    raw = delivery(envelope("evt-twin"))
    with ExitStack() as opened:
        connections = [opened.enter_context(Connection(receiver.port)) for _ in range(8)]
        for connection in connections:
            connection.send(raw)
        replies = [connection.reply() for connection in connections]

    with valkey.client() as store:
        assert store.xlen("sl:{0}:events") == 1
    answers = sorted(reply.body for reply in replies if reply)
    assert answers == [b'{"received":true}'] + [b'{"status":"already_processed"}'] * 7
