"""Whatever bytes arrive, the answers are those of the contract: no 500, no hang, no crash."""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesloft_webhooks.dialects import DialectKeys
from salesloft_webhooks.dialects.standard_webhooks import STANDARD_WEBHOOKS
from tests.support.http_client import Connection, Reply, request
from tests.support.receiver_process import (
    KEYS,
    MESSAGE_SECRET,
    PATH,
    ReceiverProcess,
    delivery,
    envelope,
    native_headers,
    signed_headers,
)
from tests.support.servers import Server

TO_ANYTHING = {100, 200, 400, 401, 404, 405, 408, 413}
TO_SIGNED = {200, 400}
MESSAGE_KEYS = DialectKeys(standard_webhooks_secrets=(MESSAGE_SECRET.encode(),))
EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=12,
)
VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=80)
NAMES = st.sampled_from(
    [
        "X-Salesloft-Signature",
        "X-Salesloft-Timestamp",
        "X-Salesloft-Event",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "Content-Length",
        "Transfer-Encoding",
        "Content-Encoding",
        "Content-Type",
        "Expect",
        "Connection",
        "Upgrade",
        "traceparent",
        "tracestate",
        "Host",
        "X-Forwarded-For",
        "Forwarded",
    ]
) | st.text("abcdefgXYZ-_", min_size=1, max_size=12)
METHODS = st.sampled_from(["POST", "GET", "HEAD", "PUT", "CONNECT", "OPTIONS", "TRACE", "post", "P\u00f6ST", ""])
PATHS = st.sampled_from([PATH, "/", "*", "http://test" + PATH, PATH + "?%ff"]) | VALUES.map(lambda text: "/" + text)


@pytest.fixture(scope="module")
def impatient(shared_valkey: Server) -> Iterator[ReceiverProcess]:
    """A receiver that waits a tenth of a second for a head or a body, because most fuzzed ones never end."""
    settings = {"BODY_TIMEOUT_SECONDS": "0.1", **KEYS["standard-webhooks"]}
    with ReceiverProcess(shared_valkey.url, settings) as process:
        yield process
        assert process.send(delivery(envelope("evt-after-the-noise"))).status == 200
        assert process.metric("salesloft_webhooks_deliveries_total", outcome="error") == 0


def message_headers(body: bytes, message_id: str = "msg_1") -> dict[str, str]:
    """The headers of Standard Webhooks."""
    return STANDARD_WEBHOOKS.sign(body, message_id, MESSAGE_KEYS, int(time.time()))


def answers(receiver: ReceiverProcess, raw: bytes) -> list[Reply]:
    """Every answer on a connection that sends these bytes and then nothing, until the server closes it or rests."""
    replies: list[Reply] = []
    with Connection(receiver.port, timeout_seconds=1.0) as connection:
        with contextlib.suppress(ConnectionError):
            connection.send(raw)
        with contextlib.suppress(TimeoutError):
            replies += iter(connection.reply, None)
    return replies


@EXAMPLES
@given(raw=st.binary(max_size=300))
def test_noise(impatient: ReceiverProcess, raw: bytes) -> None:
    """Bytes that are no HTTP at all are refused or ignored."""
    assert {reply.status for reply in answers(impatient, raw)} <= TO_ANYTHING


@EXAMPLES
@given(method=METHODS, path=PATHS, headers=st.dictionaries(NAMES, VALUES, max_size=6), body=st.binary(max_size=100))
def test_requests_of_unauthenticated_clients(
    impatient: ReceiverProcess, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    """Requests with any method, path, headers and body get the contract's refusals; none is accepted."""
    raw = request(method, path, {"Connection": "close"} | headers, body)

    assert {reply.status for reply in answers(impatient, raw)} <= TO_ANYTHING - {200}


@EXAMPLES
@given(
    headers=st.dictionaries(NAMES, VALUES, max_size=4),
    cut=st.integers(0, 2000),
    noise=st.binary(max_size=8),
    signed=st.sampled_from([signed_headers, message_headers]),
)
def test_damaged_deliveries(
    impatient: ReceiverProcess,
    headers: dict[str, str],
    cut: int,
    noise: bytes,
    signed: Callable[[bytes], dict[str, str]],
) -> None:
    """A good delivery with headers added and bytes replaced somewhere gets the contract's answers."""
    body = envelope("evt-damaged")
    raw = request("POST", PATH, headers | signed(body) | {"Connection": "close"}, body)
    damaged = raw[:cut] + noise + raw[cut + len(noise) :]

    assert {reply.status for reply in answers(impatient, damaged)} <= TO_ANYTHING


@EXAMPLES
@given(event=st.dictionaries(st.sampled_from(["event_type", "event_id", "data", "created_at", "x"]), JSON))
def test_signed_envelopes_of_any_content(impatient: ReceiverProcess, event: dict[str, object]) -> None:
    """A signed envelope is accepted or explained, whatever JSON stands in its fields."""
    assert impatient.send(delivery(envelope("evt", **event))).status in TO_SIGNED


@EXAMPLES
@given(
    message=st.dictionaries(
        st.sampled_from(["type", "event_type", "specversion", "id", "event_id", "data", "timestamp", "time", "x"]), JSON
    ),
    # A comma is also what a proxy puts between equal lines of one header.
    message_id=st.text(
        st.characters(max_codepoint=127, exclude_categories=["C"], exclude_characters=","), max_size=300
    ).map(str.strip),
)
def test_signed_messages_of_any_content(
    impatient: ReceiverProcess, message: dict[str, object], message_id: str
) -> None:
    """So is a Standard Webhooks message, whatever JSON its body is, under any id; one that can be no id is refused."""
    body = json.dumps(message).encode()

    reply = impatient.send(request("POST", PATH, message_headers(body, message_id), body))

    assert reply.status in (TO_SIGNED if re.fullmatch("[!-~]{1,256}", message_id) else {401})


@EXAMPLES
@given(body=st.binary(max_size=200), event_name=st.text(st.characters(max_codepoint=255, exclude_categories=["C"])))
def test_signed_bytes_of_any_content(impatient: ReceiverProcess, body: bytes, event_name: str) -> None:
    """So are signed bytes of any kind, under any native event name."""
    enveloped = impatient.send(request("POST", PATH, signed_headers(body), body))
    native = impatient.send(request("POST", PATH, native_headers(body, event_name), body))

    message = impatient.send(request("POST", PATH, message_headers(body), body))

    assert (enveloped.status, message.status) == (400, 400)
    assert native.status in TO_SIGNED | {401}
