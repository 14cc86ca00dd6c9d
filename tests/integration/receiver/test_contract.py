"""Each row of the receiver's HTTP contract (design, section 4), on a real process with a real store."""

import json
from pathlib import Path

import pytest
import redis

from tests.support.http_client import request
from tests.support.receiver_process import (
    PATH,
    TOKEN,
    ReceiverProcess,
    delivery,
    envelope,
    native_headers,
    signed_headers,
)
from tests.support.servers import Server

EVENTS = "sl:{0}:events"
QUARANTINE = "sl:{0}:quarantine"


def test_a_new_delivery_is_stored_and_received(receiver: ReceiverProcess, valkey: Server) -> None:
    """200 ``{"received": true}``, and the event is in the stream, uniform."""
    reply = receiver.send(delivery(envelope("evt-1")))

    with valkey.client() as store:
        [(_, fields)] = store.xrange(EVENTS)
    assert (reply.status, json.loads(reply.body)) == (200, {"received": True})
    assert reply.headers["content-type"] == "application/json"
    assert [fields[name] for name in ("id", "type", "key", "src")] == ["evt-1", "person.updated", "person:7", "default"]
    assert json.loads(fields["body"])["person_id"] == 7


def test_a_known_event_is_already_processed(receiver: ReceiverProcess, valkey: Server) -> None:
    """200 ``{"status": "already_processed"}`` for an event id seen before, whatever else has changed."""
    receiver.send(delivery(envelope("evt-1")))

    reply = receiver.send(delivery(envelope("evt-1", data={"id": 8})))

    with valkey.client() as store:
        assert store.xlen(EVENTS) == 1
    assert (reply.status, json.loads(reply.body)) == (200, {"status": "already_processed"})


def test_a_native_delivery_is_received(receiver: ReceiverProcess, valkey: Server) -> None:
    """What SalesLoft itself sends, to the same path: the event header chooses the dialect."""
    body = b'{"id": 42, "updated_at": "2026-03-07T04:26:14.444910-05:00"}'

    reply = receiver.send(request("POST", PATH, native_headers(body, "person_updated"), body))

    with valkey.client() as store:
        [(_, fields)] = store.xrange(EVENTS)
    assert (reply.status, json.loads(reply.body)) == (200, {"received": True})
    assert fields["id"] == "person.updated/42/2026-03-07T09:26:14.444910Z"


def test_a_relays_envelope_may_carry_salesloft_s_header(receiver: ReceiverProcess, valkey: Server) -> None:
    """With keys of both dialects the signature decides; a numeric id is known again however it is written."""
    bodies = [envelope("evt", event_id=event_id, event_type="person_updated") for event_id in (17, "17", 17.0)]

    replies = [receiver.send(delivery(body, **{"X-Salesloft-Event": "person_updated"})) for body in bodies]

    with valkey.client() as store:
        [(_, fields)] = store.xrange(EVENTS)
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert (fields["id"], fields["type"]) == ("17", "person.updated")


def test_no_content_type_is_required(receiver: ReceiverProcess) -> None:
    """A delivery says what it is by its signature; a wrong Content-Type changes nothing either."""
    reply = receiver.send(delivery(envelope("evt-1"), **{"Content-Type": "image/png"}))

    assert reply.status == 200


UNREADABLE = [
    pytest.param(b"", "not_json", id="empty body"),
    pytest.param(b"{", "not_json", id="broken JSON"),
    pytest.param(b'\xff{"a": 1}', "not_json", id="not UTF-8"),
    pytest.param(b'{"data": NaN}', "not_json", id="NaN"),
    pytest.param(b"[" * 100_000, "not_json", id="nested beyond reason"),
    pytest.param(b"[1]", "not_an_object", id="a list"),
    pytest.param(b"{}", "missing_field", id="no field at all"),
    pytest.param(envelope("evt", event_id=None), "missing_field", id="no event id"),
    pytest.param(envelope("evt", event_id=17.5), "missing_field", id="an event id that is a fraction"),
    pytest.param(envelope("evt", created_at=5), "missing_field", id="a time that may mean anything"),
    pytest.param(envelope("evt", event_id="\ud800"), "not_json", id="a lone surrogate"),
    pytest.param(envelope("evt", data=[1]), "not_an_object", id="data is a list"),
    pytest.param(envelope("evt", event_type="person updated\n"), "invalid_event_type", id="no event name"),
]


@pytest.mark.parametrize(("body", "reason"), UNREADABLE)
def test_a_signed_but_unreadable_delivery_is_kept_in_quarantine(
    receiver: ReceiverProcess, valkey: Server, body: bytes, reason: str
) -> None:
    """400 with an explanation; the raw body is kept with its reason, and nothing is in the stream."""
    reply = receiver.send(request("POST", PATH, signed_headers(body), body))

    with redis.Redis(port=valkey.port) as store:
        assert store.xlen(EVENTS) == 0
        [(_, kept)] = store.xrange(QUARANTINE)
    assert reply.status == 400
    assert list(json.loads(reply.body)) == ["error"]
    assert (kept[b"src"], kept[b"dialect"], kept[b"reason"]) == (b"default", b"envelope", reason.encode())
    assert kept[b"body"] == body


def test_no_key_gets_into_quarantine(receiver: ReceiverProcess, valkey: Server) -> None:
    """A callback token inside an unreadable body is the signing key: it is cut out before anything is kept."""
    body = b'{"callback_token": "%b", broken' % TOKEN.encode()

    reply = receiver.send(request("POST", PATH, native_headers(body, "person_updated"), body))

    with valkey.client() as store:
        [(_, kept)] = store.xrange(QUARANTINE)
    assert reply.status == 400
    assert kept["event"] == "person_updated", "nobody could read it later"
    assert kept["body"].startswith('{"callback_token": "')
    assert TOKEN not in kept["body"]


def test_link_swap_is_refused_with_an_explanation(receiver: ReceiverProcess) -> None:
    """SalesLoft waits for its synchronous answer, which a queue cannot give: 400, never a misleading 200."""
    reply = receiver.send(request("POST", PATH, native_headers(b'{"id": 1}', "link_swap"), b'{"id": 1}'))

    assert reply.status == 400
    assert "link_swap" in json.loads(reply.body)["error"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_another_method_is_not_allowed(receiver: ReceiverProcess, method: str) -> None:
    """405 names the one method there is."""
    reply = receiver.send(request(method, PATH))

    assert reply.status == 405
    assert reply.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path",
    ["/", PATH + "//", PATH + "/x", "/WEBHOOKS/SALESLOFT", "//webhooks/salesloft", "/metrics", "/livez", "/docs"],
)
def test_another_path_is_not_found(receiver: ReceiverProcess, path: str) -> None:
    """404, also for slashes too many and for what the operations port serves."""
    reply = receiver.send(delivery(envelope("evt-1"), path=path))

    assert (reply.status, json.loads(reply.body)) == (404, {"error": "Not found"})


@pytest.mark.parametrize("path", [PATH + "?x=1", "/webhooks/%73alesloft"], ids=["query", "escaped"])
def test_the_same_path_written_differently_is_the_same_path(receiver: ReceiverProcess, path: str) -> None:
    """A query or a percent escape, which proxies like to add, does not matter."""
    assert receiver.send(delivery(envelope("evt-1"), path=path)).status == 200


def test_answers_do_not_name_the_software(receiver: ReceiverProcess) -> None:
    """No ``Server`` header, whatever the answer."""
    replies = [receiver.send(raw) for raw in (delivery(envelope("evt-1")), request("GET", "/"), b"garbage\r\n\r\n")]

    assert [reply.status for reply in replies] == [200, 404, 400]
    assert not any("server" in reply.headers for reply in replies)


def test_several_sources_have_their_own_paths_and_keys(valkey: Server, tmp_path: Path) -> None:
    """Each source accepts its own key on its own path, and nobody else's."""
    sources = tmp_path / "sources.yaml"
    sources.write_text(
        json.dumps(
            {
                "sources": [
                    {"name": "east", "path": "/hooks/east", "envelope_secret": "east-secret-for-tests"},
                    {"name": "west", "path": "/hooks/west", "envelope_secret": "west-secret-for-tests"},
                ]
            }
        )
    )
    body = envelope("evt-1")
    east = signed_headers(body, secret="east-secret-for-tests")

    with ReceiverProcess(
        valkey.url,
        {"SOURCES_FILE": str(sources), "SALESLOFT_WEBHOOK_SECRET": "", "SALESLOFT_CALLBACK_TOKEN": ""},
    ) as receiver:
        own = receiver.send(request("POST", "/hooks/east", east, body))
        others = receiver.send(request("POST", "/hooks/west", east, body))
        default = receiver.send(request("POST", PATH, east, body))

    with valkey.client() as store:
        [(_, fields)] = store.xrange(EVENTS)
    assert (own.status, others.status, default.status) == (200, 401, 404)
    assert fields["src"] == "east"
