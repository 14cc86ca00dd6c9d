"""Known answers: whole signed deliveries recorded outside this code base."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.dialects import DialectKeys, authenticate, envelope, native
from tests.support.dialect_deliveries import NOW, TOLERANCE, asgi

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "delivery_vectors.json").read_bytes())
PERSON = 164510523


def keys_of(vector: dict[str, Any]) -> DialectKeys:
    """The vector's key, as a source would hold it."""
    key = vector["key"].encode()
    return (
        DialectKeys(envelope_secrets=(key,)) if vector["dialect"] == "envelope" else DialectKeys(callback_tokens=(key,))
    )


def name_of(vector: dict[str, Any]) -> str:
    """A readable test id."""
    return str(vector["headers"].get("X-Salesloft-Event", vector["headers"].get("X-Salesloft-Signature", "")[:8]))


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_recorded_deliveries_authenticate(vector: dict[str, Any]) -> None:
    """Each recorded delivery is accepted, in its own dialect, by its own key."""
    body = base64.b64decode(vector["raw_body_base64"])

    authenticated = authenticate(asgi(vector["headers"]), body, keys_of(vector), NOW, TOLERANCE)

    assert authenticated.dialect == vector["dialect"]
    assert authenticated.key_index == 0


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_our_signature_is_the_recorded_one(vector: dict[str, Any]) -> None:
    """Signing a recorded body again gives the recorded headers, byte for byte."""
    body, key, headers = base64.b64decode(vector["raw_body_base64"]), vector["key"].encode(), vector["headers"]

    if vector["dialect"] == "envelope":
        signed = envelope.sign(body, key, int(headers["X-Salesloft-Timestamp"]))
    else:
        signed = native.sign(body, key, headers["X-Salesloft-Event"])

    assert signed == headers


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_recorded_deliveries_are_about_their_person(vector: dict[str, Any]) -> None:
    """Every recorded resource belongs to one person, and every event made from it says so in data and ordering key."""
    body = base64.b64decode(vector["raw_body_base64"])

    events = authenticate(asgi(vector["headers"]), body, keys_of(vector), NOW, TOLERANCE).read()

    assert {event.entity_key for event in events} == {f"person:{PERSON}"}
    assert {json.loads(event.data)["person_id"] for event in events} == {PERSON}


def test_the_protocol_notes_own_vector() -> None:
    """SalesLoft's documented algorithm: HMAC-SHA1 of the raw body, keyed with the token's bytes as they are."""
    headers = native.sign(b'{"id":1}', b"secret", "person_updated")

    assert headers["X-Salesloft-Signature"] == "a64abd01291976b35debd870ad13a30c94343831"
