"""What whoever has captured a delivery can do with it: docs/security.md, "What a captured delivery is good for"."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.dialects import DialectKeys
from salesloft_webhooks.dialects.standard_webhooks import STANDARD_WEBHOOKS
from tests.support.http_client import request
from tests.support.receiver_process import ReceiverProcess, native_headers, signed_headers
from tests.support.samples import person
from tests.support.servers import Server

TOKEN, OTHER_TOKEN, MASTER, SECRET = (
    "token-of-one-team",
    "token-of-another",
    "master-secret-of-a-team",
    "relay-secret-of-ours",
)
HOOK = "whsec_" + base64.b64encode(b"an-invented-relay-secret-of-32-b").decode()
SOURCES = f"""
sources:
- {{name: one, path: /one, callback_token: {TOKEN}}}
- {{name: twin, path: /twin, callback_token: {TOKEN}}}
- {{name: other, path: /other, callback_token: {OTHER_TOKEN}}}
- {{name: derived, path: /derived, callback_secret: {MASTER}}}
- {{name: relay, path: /relay, envelope_secret: {SECRET}}}
- {{name: hooks, path: /hooks, standard_webhooks_secret: {HOOK}}}
"""
BODY = person().raw_data
NEW, AGAIN, REFUSED, NOT_FOUND = "new", "duplicate", "401", "404"
Headers = dict[str, str]


@pytest.fixture(scope="module")
def sources(shared_valkey: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProcess]:
    """A receiver with six sources, two of which share a token, as nobody should have them."""
    file = tmp_path_factory.mktemp("sources") / "sources.yaml"
    file.write_text(SOURCES, encoding="utf-8")
    with shared_valkey.client() as store:
        store.flushall()  # it starts before `valkey` empties it, and would go on with an earlier test's partitions
    with ReceiverProcess(shared_valkey.url, _only(file)) as process:
        yield process


def _only(file: Path) -> dict[str, str]:
    return {"SOURCES_FILE": str(file), "SALESLOFT_WEBHOOK_SECRET": "", "SALESLOFT_CALLBACK_TOKEN": ""}


def answered(receiver: ReceiverProcess, path: str, headers: Headers, body: bytes = BODY) -> str:
    """What a delivery was taken for."""
    reply = receiver.send(request("POST", path, headers, body))
    if reply.status != 200:
        return str(reply.status)
    return NEW if json.loads(reply.body) == {"received": True} else AGAIN


def derived_headers(body: bytes, event_name: str) -> Headers:
    """As SalesLoft signs for a subscription whose token is derived from the master secret."""
    token = hmac.new(MASTER.encode(), event_name.encode(), hashlib.sha256).hexdigest()
    return native_headers(body, event_name, token)


def test_a_captured_native_delivery(sources: ReceiverProcess, valkey: Server) -> None:
    """Its own again is a duplicate, whatever is around it; elsewhere it is refused, unless the key is shared.

    With one token for all events its name can be changed, which the scheme cannot show: one more event for each name.
    """
    captured = native_headers(BODY, "person_updated", TOKEN)
    now = int(time.time())
    assert answered(sources, "/one", captured) == NEW

    found = {
        "once more": answered(sources, "/one", captured),
        "names of headers in capitals": answered(
            sources, "/one", {name.upper(): each for name, each in captured.items()}
        ),
        "an old timestamp added": answered(sources, "/one", captured | {"X-Salesloft-Timestamp": str(now - 900)}),
        "a coming timestamp added": answered(sources, "/one", captured | {"X-Salesloft-Timestamp": str(now + 9_000)}),
        "headers of a relay added": answered(sources, "/one", captured | {"webhook-id": "x", "webhook-timestamp": "1"}),
        "a query and a slash": answered(sources, "/one/?again=1", captured),
        "a path of nobody": answered(sources, "/three", captured),
        "another team's path": answered(sources, "/other", captured),
        "the path of a relay": answered(sources, "/relay", captured),
        "the path of Standard Webhooks": answered(sources, "/hooks", captured),
        "another body": answered(sources, "/one", captured, BODY.replace(b"Robin", b"Robyn")),
        "no name": answered(sources, "/one", {"X-Salesloft-Signature": captured["X-Salesloft-Signature"]}),
        "the name in capitals": answered(sources, "/one", captured | {"X-Salesloft-Event": "PERSON_UPDATED"}),
        "a name that waits for links": answered(sources, "/one", captured | {"X-Salesloft-Event": "link_swap"}),
        "another name": answered(sources, "/one", captured | {"X-Salesloft-Event": "person_deleted"}),
        "another name again": answered(sources, "/one", captured | {"X-Salesloft-Event": "person_deleted"}),
        "a path that shares the token": answered(sources, "/twin", captured),
    }

    duplicates = ("once more", "names of headers in capitals", "an old timestamp added", "a coming timestamp added")
    assert {name for name, answer in found.items() if answer == AGAIN} == {
        *duplicates,
        *("headers of a relay added", "a query and a slash", "another name again", "a path that shares the token"),
    }
    assert {name for name, answer in found.items() if answer == NEW} == {"another name"}
    assert (found["the name in capitals"], found["a name that waits for links"]) == ("400", "400")
    assert (found["a path of nobody"], len([each for each in found.values() if each == REFUSED])) == (NOT_FOUND, 5)
    with valkey.client() as store:
        assert store.xlen("sl:{0}:events") == 2


def test_a_captured_native_delivery_with_a_key_for_each_event(sources: ReceiverProcess, valkey: Server) -> None:
    """With `SALESLOFT_CALLBACK_SECRET` it is nothing but a duplicate: under every other name it is refused."""
    captured = derived_headers(BODY, "person_updated")
    names = ("person_deleted", "person_created", "link_swap", "Person_updated", "person_updated2", "x")

    first, again = answered(sources, "/derived", captured), answered(sources, "/derived", captured)
    renamed = {answered(sources, "/derived", captured | {"X-Salesloft-Event": name}) for name in names}

    assert (first, again, renamed) == (NEW, AGAIN, {REFUSED})
    with valkey.client() as store:
        assert store.xlen("sl:{0}:events") == 1


def test_a_captured_envelope(sources: ReceiverProcess, valkey: Server) -> None:
    """It is a duplicate while its time is near, and nothing with any other time, or anywhere else."""
    now = int(time.time())
    body = json.dumps(
        {"event_type": "person.updated", "event_id": "e1", "created_at": "2026-03-07", "data": {"id": 7}}
    ).encode()
    captured = signed_headers(body, timestamp=str(now), secret=SECRET)

    first, again = answered(sources, "/relay", captured, body), answered(sources, "/relay", captured, body)
    others = {
        *(
            answered(sources, "/relay", captured | {"X-Salesloft-Timestamp": str(now + by)}, body)
            for by in (-1, 1, 86_400)
        ),
        *(
            answered(sources, "/relay", signed_headers(body, timestamp=str(now + by), secret=SECRET), body)
            for by in (-302, 330)
        ),
        *(answered(sources, path, captured, body) for path in ("/one", "/derived", "/hooks")),
        answered(sources, "/relay", captured, body.replace(b"e1", b"e2")),
    }

    assert (first, again, others) == (NEW, AGAIN, {REFUSED})
    with valkey.client() as store:
        assert store.xlen("sl:{0}:events") == 1


def test_a_captured_message(sources: ReceiverProcess, valkey: Server) -> None:
    """So is a message of Standard Webhooks; its id is signed as well."""
    now = int(time.time())
    body = json.dumps({"type": "person.updated", "timestamp": "2026-03-07T04:26:14Z", "data": {"id": 7}}).encode()
    keys = DialectKeys(standard_webhooks_secrets=(HOOK.encode(),))
    captured = STANDARD_WEBHOOKS.sign(body, "msg_1", keys, now)
    old, coming = (STANDARD_WEBHOOKS.sign(body, "msg_1", keys, now + by) for by in (-302, 330))

    first, again = answered(sources, "/hooks", captured, body), answered(sources, "/hooks", captured, body)
    others = {
        answered(sources, "/hooks", captured | {"webhook-id": "msg_2"}, body),
        answered(sources, "/hooks", captured | {"webhook-timestamp": str(now + 1)}, body),
        *(answered(sources, "/hooks", each, body) for each in (old, coming)),
        *(answered(sources, path, captured, body) for path in ("/one", "/derived", "/relay")),
    }

    assert (first, again, others) == (NEW, AGAIN, {REFUSED})
    with valkey.client() as store:
        assert store.xlen("sl:{0}:events") == 1
