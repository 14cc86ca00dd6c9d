"""Deliveries: their signatures, and what is read out of proven ones."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from salesloft_webhooks.broker.body_encryption import BodyKeys
from salesloft_webhooks.broker.records import leased_event, publish_row
from salesloft_webhooks.dialects import (
    DIALECTS,
    Authenticated,
    DialectKeys,
    authenticate,
    check_headers,
    content_redacted,
    named,
    read_quarantined,
    redact,
)
from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.errors import SignatureRejected, UnreadableDelivery
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.fuzz.bounds import SECRET, refusing
from tests.fuzz.search import Target

NOW, TOLERANCE = 1_772_875_574, 300
HOOK_SECRETS = tuple(
    b"whsec_" + text
    for text in (b"c2VjcmV0IG9mIHRoZSBmdXp6LCBudW1iZXIgMQ==", b"c2VjcmV0IG9mIHRoZSBmdXp6LCBudW1iZXIgMg==")
)
KEYS = DialectKeys(
    envelope_secrets=(f"{SECRET}-1".encode(), f"{SECRET}-2".encode()),
    callback_tokens=(f"{SECRET}-3".encode(),),
    callback_secrets=(f"{SECRET}-4".encode(), f"{SECRET}-5".encode()),
    standard_webhooks_secrets=HOOK_SECRETS,
)
Header = tuple[bytes, bytes]


def _check_signature(data: bytes) -> None:
    """Lines are headers until an empty one; ``!dialect name timestamp`` stands for those that sign the body."""
    head, _, body = data.partition(b"\n\n")
    headers = [header for line in head.split(b"\n") for header in _headers(line, body)]
    refused_by_headers = True
    with refusing(SignatureRejected):
        check_headers(headers, KEYS, NOW, TOLERANCE)
        refused_by_headers = False
    with refusing(SignatureRejected):
        authentic = authenticate(headers, body, KEYS, NOW, TOLERANCE)
        assert not refused_by_headers, "headers that no body could be authentic with have one"
        assert _is_proven(headers, body, authentic), "nobody has signed this"
        redacted = authentic.redacted_body()
        assert not any(key in redacted for key in _keys()), "a key is kept"
        with refusing(UnreadableDelivery):
            _check_events(authentic.read())


def _headers(line: bytes, body: bytes) -> Sequence[Header]:
    if line.startswith(b"!"):
        dialect, name, timestamp = (*line[1:].split(b" "), b"", b"", b"")[:3]
        spoken = named(dialect.decode("latin-1"))
        seconds = NOW + (int(timestamp) if timestamp.lstrip(b"-").isdigit() and len(timestamp) < 12 else 0)
        if spoken is not None:
            signed = spoken.sign(body, name.decode("ascii", "replace"), KEYS, max(0, seconds))
            return [(key.lower().encode(), value.encode("utf-8")) for key, value in signed.items()]
    key, colon, value = line.partition(b":")
    return [(key.lower(), value.strip(b" \t"))] if colon else []


def _is_proven(headers: Sequence[Header], body: bytes, authentic: Authenticated) -> bool:
    """Whether a signature that is computed here stands in the headers, whichever it is."""
    given = b"\n".join(value for _, value in headers).lower()
    stamps = [value.strip(b" \t") for _, line in headers for value in (line, *line.split(b","))]
    expected: list[bytes] = []
    if authentic.dialect == "envelope":
        for key in KEYS["envelope_secrets"]:
            expected += [hmac.new(key, stamp + b"." + body, hashlib.sha256).hexdigest().encode() for stamp in stamps]
    elif authentic.dialect == "native":
        name = authentic.from_headers.encode()
        derived = [hmac.new(key, name, hashlib.sha256).hexdigest().encode() for key in KEYS["callback_secrets"]]
        expected += [
            hmac.new(key, body, hashlib.sha1).hexdigest().encode() for key in (*KEYS["callback_tokens"], *derived)
        ]
    else:
        signed = [b"%b.%b.%b" % (authentic.from_headers.encode(), stamp, body) for stamp in stamps]
        secrets = [base64.b64decode(key.removeprefix(b"whsec_")) for key in KEYS["standard_webhooks_secrets"]]
        digests = [hmac.new(secret, each, hashlib.sha256).digest() for secret in secrets for each in signed]
        expected = [b"v1," + base64.b64encode(digest).lower() for digest in digests]
    return any(each in given for each in expected)


def _keys() -> list[bytes]:
    return [key for dialect in DIALECTS for key in dialect.secrets(KEYS, "")]


def _check_events(events: Sequence[NewEvent]) -> None:
    """That events can be stored and are the same when they are taken out again, whichever way they are kept."""
    assert events
    first: NewEvent | None = None
    for event in events:
        data = msgspec.json.decode(event.data)
        assert isinstance(data, dict)
        assert "person_id" in data
        assert b'"callback_token"' not in event.data
        for text in (event.event_id, event.event_type, event.entity_key):
            assert text.isascii()
            assert text.isprintable()
            assert " " not in text
        _check_stored(event, first)
        first = first or event


def _check_stored(event: NewEvent, first: NewEvent | None, keys: BodyKeys | None = None) -> None:
    delivery = NewDelivery("default", (event,))
    for pack in (True, False):
        _, _, head, body, kept = publish_row(event, delivery, first, pack=pack, compress=pack, keys=keys)
        assert isinstance(head, bytes)
        assert isinstance(body, bytes)
        if kept != "":
            assert first is not None
            head, body = head + b" %d " % int(kept) + body, first.data
        leased = leased_event(b"1772875574000-0", head, body, group="g", attempt=1, keys=keys)
        assert leased.raw_data == event.data
        said = (leased.event_id, leased.event_type, leased.entity_key, leased.created_at)
        assert said == (event.event_id, event.event_type, event.entity_key, event.created_at)
        _ = (leased.person_id, leased.user_id, leased.resource_id, leased.email_address, leased.updated_at)


def _check_reading(data: bytes) -> None:
    """The first line says the dialect and what the headers say; the rest is the body."""
    line, _, body = data.partition(b"\n")
    dialect, _, name = line.partition(b" ")
    spoken = named(dialect.decode("latin-1")) or DIALECTS[len(line) % len(DIALECTS)]
    from_headers = name.decode("latin-1")
    with refusing(UnreadableDelivery, SignatureRejected):
        events = spoken.read(body, from_headers, KEYS)
        _check_events(events)
        kept = redact(body, KEYS, from_headers)
        if not content_redacted(kept, body):
            again = read_quarantined(spoken.name, from_headers, kept)
            assert [each.event_id for each in again] == [each.event_id for each in events]
            assert [each.data for each in again] == [each.data for each in events]


_MODULES = ("salesloft_webhooks.dialects", "salesloft_webhooks.events", "salesloft_webhooks.timestamps")
_WORDS = [
    *(b"!envelope  0\n", b"!native person_updated 0\n", b"!standard-webhooks msg_1 0\n", b"!envelope  -301\n", b"\n\n"),
    *(b"X-Salesloft-Signature: ", b"X-Salesloft-Timestamp: ", b"X-Salesloft-Event: ", b"webhook-id: ", b"v1,"),
    *(b"webhook-timestamp: ", b"webhook-signature: ", b"1772875574", b"envelope", b"native ", b"standard-webhooks "),
    *(b'{"event_type":"person.updated","event_id":"e","created_at":"2026-03-07T04:26:14Z","data":{"id":7}}',),
    *(b'"type":', b'"timestamp":', b'"specversion":"1.0"', b'"time":', b'"id":', b'"data":{}', b'"callback_token":"'),
    *(b'"counts":{"views":3,"clicks":1,"replies":1}', b'"bounced":true', b'"sent_at":"2026-03-07T04:26:14Z"'),
    *(b'"status":"sent"', b'"current_state":"completed"', b'"person":{"id":7}', b'"recipient":{"id":7}', b"\\u0063"),
    *(
        b'"updated_at":"2026-03-07 04:26:14.1234567"',
        b"null",
        b"true",
        b"[redacted]",
        SECRET.encode() + b"-3",
        b"\\ud800",
    ),
    *(name.encode() for name in DOTTED),
]
SIGNATURES = Target(_check_signature, _MODULES, _WORDS)
EVENTS = Target(_check_reading, (*_MODULES, "salesloft_webhooks.resource_kinds", "salesloft_webhooks.broker"), _WORDS)
