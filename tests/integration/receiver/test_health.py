"""The health path of the webhook port: what load balancers ask, on the port that they send deliveries to."""

import json

import pytest

from tests.support.http_client import Connection, Reply, exchange, request, sample
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import wait_until


def health(receiver: ReceiverProcess, *, method: str = "GET", path: str = "/healthz") -> Reply:
    """One probe, without any header but the host."""
    return receiver.send(request(method, path))


def test_a_probe_is_answered_before_anything_else(receiver: ReceiverProcess) -> None:
    """200 without a signature, also with a query; the connection ends, as every stranger's does; nothing is counted."""
    before = sample(receiver.ops_port, "salesloft_webhooks_deliveries_total")

    plain, with_query = health(receiver), health(receiver, path="/healthz?from=lb")

    assert (plain.status, json.loads(plain.body), plain.headers["connection"]) == (200, {"status": "ok"}, "close")
    assert with_query.status == 200
    assert sample(receiver.ops_port, "salesloft_webhooks_deliveries_total") == before


def test_a_head_probe_has_no_body(receiver: ReceiverProcess) -> None:
    """HEAD is answered with the fields of GET alone, and the connection ends after them."""
    with Connection(receiver.port) as connection:
        connection.send(request("HEAD", "/healthz"))
        head = connection.head()
        assert head is not None
        end = connection.closed_by_server

    assert (head.status, head.headers) == (200, {**health(receiver).headers, "date": head.headers["date"]})
    assert end


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/healthz"), ("DELETE", "/healthz"), ("GET", "/healthz/"), ("GET", "/livez")]
)
def test_nothing_else_is_there(receiver: ReceiverProcess, method: str, path: str) -> None:
    """Another method there, and what resembles it, is 404 like every path of nobody."""
    assert health(receiver, method=method, path=path).status == 404


def test_a_sources_path_takes_no_probes(receiver: ReceiverProcess) -> None:
    """GET on a source's path is 405 as before."""
    reply = health(receiver, path=PATH)

    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_the_store_is_no_part_of_it(own_receiver: ReceiverProcess, own_server: Server) -> None:
    """Without the store deliveries get 503, and the probe 200: a load balancer must not turn those into its own 502."""
    own_server.start()
    own_receiver.start()
    own_server.stop()

    replies = [health(own_receiver), own_receiver.send(delivery(envelope("evt-1")))]

    assert [reply.status for reply in replies] == [200, 503]


def test_a_leaving_receiver_says_so_while_it_serves(valkey: Server) -> None:
    """From SIGTERM on the probe gets 503 while deliveries are still stored, so that no new ones are sent here."""
    with ReceiverProcess(valkey.url, {"SHUTDOWN_DELAY_SECONDS": "1"}) as receiver:
        assert health(receiver).status == 200

        receiver.terminate()
        wait_until(lambda: health(receiver).status == 503, description="the probe says no")
        late, probe = receiver.send(delivery(envelope("evt-late"))), health(receiver)

        assert (late.status, probe.status, json.loads(probe.body)) == (200, 503, {"status": "leaving"})
        assert receiver.wait() == 0


def test_the_path_can_be_another_one_or_none(valkey: Server) -> None:
    """`HEALTH_PATH` moves it, and `off` there is none."""
    with ReceiverProcess(valkey.url, {"HEALTH_PATH": "/lb/alive"}) as receiver:
        assert [health(receiver, path=path).status for path in ("/lb/alive", "/healthz")] == [200, 404]
    with ReceiverProcess(valkey.url, {"HEALTH_PATH": "off"}) as receiver:
        assert [health(receiver, path=path).status for path in ("/", "/healthz")] == [404, 404]


def test_a_source_may_have_the_same_path(valkey: Server) -> None:
    """Probes are GET and HEAD, deliveries POST: neither is in the other's way."""
    with ReceiverProcess(valkey.url, {"SOURCE_PATH": "/healthz"}) as receiver:
        stored = receiver.send(delivery(envelope("evt-1"), path="/healthz"))
        unsigned = exchange(receiver.port, request("POST", "/healthz", body=b"{}"))

        assert (health(receiver).status, stored.status, unsigned.status) == (200, 200, 401)
