"""Standard Webhooks: what its official libraries send is received, and nothing else."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.dialects import DialectKeys, authenticate, check_headers, read_quarantined
from salesloft_webhooks.dialects.standard_webhooks import STANDARD_WEBHOOKS
from salesloft_webhooks.errors import RejectionReason, SignatureRejected, UnreadableDelivery
from tests.support.dialect_deliveries import ALL_KEYS, NOW, TOLERANCE, asgi

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "standard_webhooks.json").read_bytes())
SECRET = b"whsec_" + base64.b64encode(b"an-invented-relay-secret-of-32-b")
OTHER = b"whsec_" + base64.b64encode(b"another-secret-of-32-bytes-here!")
KEYS = DialectKeys(standard_webhooks_secrets=(SECRET,))
BODY = b'{"type": "person.updated", "timestamp": "2026-03-07T09:26:14Z", "data": {"id": 7}}'


def signed(body: bytes = BODY, keys: DialectKeys = KEYS, timestamp: int = NOW) -> dict[str, str]:
    """The headers of a relay."""
    return STANDARD_WEBHOOKS.sign(body, "msg_1", keys, timestamp)


def problem(headers: dict[str, str], body: bytes = BODY, keys: DialectKeys = KEYS) -> RejectionReason | None:
    """Why a delivery is refused."""
    try:
        authenticate(asgi(headers), body, keys, NOW, TOLERANCE)
    except SignatureRejected as exc:
        return exc.reason
    return None


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['signed_with']}-{vector['form']}")
def test_what_the_official_libraries_sign_is_read(vector: dict[str, Any]) -> None:
    """Deliveries signed by `standardwebhooks` and `svix`, in each form of body; the id is the message's or its own."""
    keys = DialectKeys(standard_webhooks_secrets=(vector["key"].encode(),))
    body = base64.b64decode(vector["raw_body_base64"])
    ids = {"payload": "msg_2Kfh0", "envelope": "evt-1", "cloudevent": "person.updated/164510523/x"}

    [event] = authenticate(asgi(vector["headers"]), body, keys, NOW, TOLERANCE).read()

    assert (event.event_id, event.event_type) == (ids[vector["form"]], "person.updated")
    assert (event.entity_key, event.created_at) == ("person:164510523", "2026-03-07T09:26:14Z")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['signed_with']}-{vector['form']}")
def test_our_signature_is_theirs(vector: dict[str, Any]) -> None:
    """Signing the same body gives their headers, byte for byte."""
    keys = DialectKeys(standard_webhooks_secrets=(vector["key"].encode(),))

    assert (
        STANDARD_WEBHOOKS.sign(base64.b64decode(vector["raw_body_base64"]), "msg_2Kfh0", keys, NOW)
        == (vector["headers"])
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"webhook-signature": "v1a,AAAA"}, RejectionReason.MALFORMED_SIGNATURE, id="asymmetric-only"),
        pytest.param({"webhook-signature": "v1,AAAA"}, RejectionReason.MALFORMED_SIGNATURE, id="short"),
        pytest.param({"webhook-signature": "v1," + "é" * 44}, RejectionReason.MALFORMED_SIGNATURE, id="no-base64"),
        pytest.param({"webhook-signature": " " * 50}, RejectionReason.MALFORMED_SIGNATURE, id="blank"),
        pytest.param(
            {"webhook-signature": f"{signed()['webhook-signature']} " * 33},
            RejectionReason.MALFORMED_SIGNATURE,
            id="too-many",
        ),
        pytest.param({"webhook-signature": f"v1,{'A' * 43}="}, RejectionReason.MISMATCH, id="another-key"),
        pytest.param({"webhook-id": "msg_2"}, RejectionReason.MISMATCH, id="another-id"),
        pytest.param({"webhook-id": ""}, RejectionReason.MISSING_ID, id="no-id"),
        pytest.param({"webhook-id": "a b"}, RejectionReason.MISSING_ID, id="id-with-a-space"),
        pytest.param({"webhook-timestamp": str(NOW - 1)}, RejectionReason.MISMATCH, id="another-time"),
        pytest.param({"webhook-timestamp": "1.5e9"}, RejectionReason.MALFORMED_TIMESTAMP, id="no-digits"),
        pytest.param(signed(timestamp=NOW - TOLERANCE - 1), RejectionReason.EXPIRED, id="expired"),
        pytest.param(signed(timestamp=NOW + TOLERANCE + 1), RejectionReason.IN_THE_FUTURE, id="early"),
        pytest.param(signed(timestamp=NOW - TOLERANCE), None, id="just-in-time"),
    ],
)
def test_what_is_refused(changed: dict[str, str], reason: RejectionReason | None) -> None:
    """Each header is needed, in its form, and signed."""
    assert problem(signed() | changed) is reason


def test_a_signed_text_cut_elsewhere_is_no_event() -> None:
    """An id may have dots; to take a part of it for the time leaves a body that cannot be read."""
    whole = STANDARD_WEBHOOKS.sign(BODY, f"msg.{NOW - 1}", KEYS, NOW)
    cut = whole | {"webhook-id": "msg", "webhook-timestamp": str(NOW - 1)}

    authentic = authenticate(asgi(cut), b"%d." % NOW + BODY, KEYS, NOW, TOLERANCE)

    assert authenticate(asgi(whole), BODY, KEYS, NOW, TOLERANCE).read()[0].event_id == f"msg.{NOW - 1}"
    with pytest.raises(UnreadableDelivery):
        authentic.read()


def test_any_signature_of_a_list_may_match() -> None:
    """During the sender's rotation there are several; `v1a` and what is unknown is passed over."""
    old, new = signed(keys=DialectKeys(standard_webhooks_secrets=(OTHER,))), signed()
    listed = f"v1a,AAAA v2,BBBB {old['webhook-signature']} {new['webhook-signature']}"

    both = DialectKeys(standard_webhooks_secrets=(b"whsec_" + b"A" * 32, SECRET, OTHER))
    index = authenticate(asgi(new | {"webhook-signature": listed}), BODY, both, NOW, TOLERANCE).key_index

    assert (problem(new | {"webhook-signature": listed}), index) == (None, 1)


def test_a_relay_may_pass_on_the_headers_of_what_it_relays() -> None:
    """With keys of all dialects the outermost signature counts; without its keys it is no other dialect's."""
    passed_on = signed() | {"X-Salesloft-Event": "person_updated", "X-Salesloft-Signature": "a" * 40}
    everything = DialectKeys(callback_tokens=(b"t",), envelope_secrets=(b"e",), standard_webhooks_secrets=(SECRET,))

    assert authenticate(asgi(passed_on), BODY, everything, NOW, TOLERANCE).dialect == "standard-webhooks"
    assert problem(signed(), keys=ALL_KEYS) is RejectionReason.NO_KEYS


def test_what_is_kept_in_quarantine_is_read_with_its_id_and_without_its_key() -> None:
    """The message's id is kept beside the body, since the payload has none; no form of the secret is."""
    bare = SECRET.removeprefix(b"whsec_").decode()
    body = json.dumps({"a": SECRET.decode(), "b": bare, "c": base64.b64decode(bare).decode()}).encode()
    authentic = authenticate(asgi(signed(body)), body, KEYS, NOW, TOLERANCE)

    with pytest.raises(UnreadableDelivery):
        authentic.read()
    assert authentic.redacted_body() == b'{"a": "[redacted]", "b": "[redacted]", "c": "[redacted]"}'
    assert read_quarantined("standard-webhooks", authentic.from_headers, BODY)[0].event_id == "msg_1"


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"webhook-id", b"webhook-timestamp", b"webhook-signature", b"x-salesloft-event"]),
        st.sampled_from([value.encode() for value in signed().values()]) | st.binary(max_size=70),
    ),
    max_size=5,
)


@given(headers=HEADERS, body=st.binary(max_size=40) | st.just(BODY))
def test_nothing_else_is_raised(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """No bytes make it raise anything but our own errors, and what is refused unread is refused with any body."""
    try:
        check_headers(headers, KEYS, NOW, TOLERANCE)
    except SignatureRejected:
        with pytest.raises(SignatureRejected):
            authenticate(headers, body, KEYS, NOW, TOLERANCE)


@given(body=st.binary(max_size=60))
def test_any_signed_body_is_read_or_unreadable(body: bytes) -> None:
    """A correctly signed body of any bytes is read soundly or refused by our own error."""
    authentic = authenticate(asgi(signed(body)), body, KEYS, NOW, TOLERANCE)

    try:
        events = authentic.read()
    except UnreadableDelivery:
        events = ()
    assert len(events) <= 1


@given(data=st.data(), body=st.binary(min_size=1, max_size=40))
def test_any_flipped_bit_is_rejected(data: st.DataObject, body: bytes) -> None:
    """One flipped bit in body, id, timestamp or signature makes a delivery an unauthenticated client's."""
    parts = {b"body": body, **dict(asgi(signed(body)))}
    part = data.draw(st.sampled_from(sorted(parts)))
    flipped = bytearray(parts[part])
    bit = data.draw(st.integers(0, len(flipped) * 8 - 1))
    flipped[bit // 8] ^= 1 << bit % 8
    tampered = parts | {part: bytes(flipped)}
    body = tampered.pop(b"body")

    with pytest.raises(SignatureRejected):
        authenticate(tuple(tampered.items()), body, KEYS, NOW, TOLERANCE)
