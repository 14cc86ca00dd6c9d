"""Envelopes at the edge of their contract: what can be read safely is read, and always in the same way."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.dialects import DialectKeys, authenticate, envelope, native
from salesloft_webhooks.errors import RejectionReason, SignatureRejected, UnreadableDelivery
from salesloft_webhooks.events import NewEvent
from tests.support.dialect_deliveries import ALL_KEYS, MASTER, NOW, SECRET, TOKEN, TOLERANCE, as_json, asgi

GOOD: dict[str, Any] = {"event_type": "person.updated", "event_id": "1", "created_at": "2026-03-07", "data": {"id": 7}}
RELAYED = {"X-Salesloft-Event": "person_updated"}
BODY = as_json(GOOD)


def read_one(body: bytes) -> NewEvent:
    """The one event of an envelope."""
    (event,) = envelope.read(body)
    return event


def with_raw(field: str, literal: bytes) -> bytes:
    """A good envelope in which a field has this very JSON text."""
    return as_json({name: value for name, value in GOOD.items() if name != field})[:-1] + b', "%b": %b}' % (
        field.encode(),
        literal,
    )


@pytest.mark.parametrize(
    ("literal", "event_id"),
    [
        (b"17", "17"),
        (b'"17"', "17"),
        (b"17.0", "17"),
        (b"1.7e1", "17"),
        (b"0", "0"),
        (b"-0", "0"),
        (b"-17", "-17"),
        (b"9007199254740993", "9007199254740993"),
        (b"18446744073709551616", "18446744073709551616"),
        (b"1" * 255, "1" * 255),
    ],
)
def test_a_numeric_id_is_the_text_of_its_digits(literal: bytes, event_id: str) -> None:
    """However a sender writes one number, a repeat has the same id; large ones lose no digit."""
    assert read_one(with_raw("event_id", literal)).event_id == event_id


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_other_numbers_are_other_ids(one: int, other: int) -> None:
    """No two whole numbers share an id, however large they are."""
    ids = {read_one(with_raw("event_id", str(number).encode())).event_id for number in (one, other)}

    assert len(ids) == len({one, other})


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_fraction_is_the_number_it_equals_or_nothing(number: float) -> None:
    """A number with a decimal point is read only where the whole number it equals is certain."""
    try:
        event_id = read_one(with_raw("event_id", repr(number).encode())).event_id
    except UnreadableDelivery:
        assert not number.is_integer() or abs(number) >= 2**53
    else:
        assert event_id == str(int(number))


@pytest.mark.parametrize(
    ("literal", "created_at"),
    [
        (b'"2026-03-07 09:26:14"', "2026-03-07T09:26:14.000000Z"),
        (b'"2026-03-07 04:26:14.44491 -0500"', "2026-03-07T09:26:14.444910Z"),
        (b'"2026-03-07 09:26:14 UTC"', "2026-03-07T09:26:14.000000Z"),
        (b'"Sat, 07 Mar 2026 09:26:14 GMT"', "2026-03-07T09:26:14.000000Z"),
        (b"1772875574", "2026-03-07T09:26:14.000000Z"),
        (b"1772875574000", "2026-03-07T09:26:14.000000Z"),
        (b"1772875574.5", "2026-03-07T09:26:14.500000Z"),
        (b'"2026-03-07T04:26:14-05:00"', "2026-03-07T04:26:14-05:00"),
        (b'"1772875574"', "1772875574"),
        (b'"yesterday"', "yesterday"),
    ],
)
def test_times_in_other_forms_are_read(literal: bytes, created_at: str) -> None:
    """A blank for the T, a mail date or Unix time becomes ISO 8601; what is plain text already stays as written."""
    assert read_one(with_raw("created_at", literal)).created_at == created_at


@pytest.mark.parametrize("event_type", ["person_updated", "Person.Updated", "PERSON_UPDATED"])
def test_the_type_is_the_one_handlers_name(event_type: str) -> None:
    """Spelling does not lose the event, and the resource's kind is still known."""
    event = read_one(as_json(GOOD | {"event_type": event_type}))

    assert (event.event_type, event.entity_key) == ("person.updated", "person:7")


@pytest.mark.parametrize("key", [SECRET, TOKEN, MASTER, native.derive_token(MASTER, "person_updated")], ids=str)
def test_an_envelope_with_an_event_header_is_judged_by_its_signature(key: bytes) -> None:
    """A relay that passes SalesLoft's event header on is read as an envelope, and only an envelope's key lets it in."""
    headers = asgi(envelope.sign(BODY, key, NOW) | RELAYED)

    if key == SECRET:
        authentic = authenticate(headers, BODY, ALL_KEYS, NOW, TOLERANCE)
        assert (authentic.dialect, authentic.from_headers) == ("envelope", "")
        assert authentic.read()[0].event_id == "1"
    else:
        with pytest.raises(SignatureRejected) as caught:
            authenticate(headers, BODY, ALL_KEYS, NOW, TOLERANCE)
        assert caught.value.reason is RejectionReason.MISMATCH


@pytest.mark.parametrize("key", [SECRET, TOKEN, MASTER, native.derive_token(MASTER, "person_updated")], ids=str)
def test_a_native_delivery_with_a_timestamp_is_judged_by_its_signature(key: bytes) -> None:
    """A timestamp beside a native signature changes nothing, and an envelope's secret signs no native delivery."""
    headers = asgi(native.sign(BODY, key, "person_updated") | {"X-Salesloft-Timestamp": str(NOW)})

    if key in (SECRET, MASTER):
        with pytest.raises(SignatureRejected) as caught:
            authenticate(headers, BODY, ALL_KEYS, NOW, TOLERANCE)
        assert caught.value.reason is RejectionReason.MISMATCH
    else:
        assert authenticate(headers, BODY, ALL_KEYS, NOW, TOLERANCE).dialect == "native"


@pytest.mark.parametrize(
    ("age", "reason"), [(TOLERANCE + 1, RejectionReason.EXPIRED), (-TOLERANCE - 1, RejectionReason.IN_THE_FUTURE)]
)
def test_an_event_header_does_not_make_an_old_envelope_new(age: int, reason: RejectionReason) -> None:
    """A recorded envelope cannot be replayed by adding SalesLoft's header, which native deliveries have instead."""
    headers = asgi(envelope.sign(BODY, SECRET, NOW - age) | RELAYED)

    with pytest.raises(SignatureRejected) as caught:
        authenticate(headers, BODY, ALL_KEYS, NOW, TOLERANCE)

    assert caught.value.reason is reason


def test_one_value_as_key_of_both_dialects_signs_each_in_its_own_way() -> None:
    """Even where an operator uses one secret twice, what was signed in one dialect is never read in the other."""
    keys = DialectKeys(envelope_secrets=(SECRET,), callback_tokens=(SECRET,))
    extra = RELAYED | {"X-Salesloft-Timestamp": str(NOW)}
    signed = {
        "envelope": extra | envelope.sign(BODY, SECRET, NOW),
        "native": extra | native.sign(BODY, SECRET, "person_updated"),
    }

    for dialect, headers in signed.items():
        assert authenticate(asgi(headers), BODY, keys, NOW, TOLERANCE).dialect is dialect


ENVELOPED, NATIVE = envelope.sign(BODY, SECRET, NOW), native.sign(BODY, TOKEN, "person_updated")
SIGNATURES = [ENVELOPED["X-Salesloft-Signature"], NATIVE["X-Salesloft-Signature"], "a" * 64, "b" * 40, "", "c"]
MIXED = st.fixed_dictionaries(
    {},
    optional={
        "X-Salesloft-Signature": st.sampled_from([*SIGNATURES, SIGNATURES[0].upper(), SIGNATURES[1].upper()]),
        "X-Salesloft-Timestamp": st.sampled_from([str(NOW), str(NOW - 9_999), "", "NaN"]),
        "X-Salesloft-Event": st.sampled_from(["person_updated", "person_deleted", ""]),
    },
)


def verifies(headers: dict[str, str], dialect: str) -> bool:
    """Whether the dialect's own check accepts the delivery."""
    try:
        if dialect == "envelope":
            envelope.verify(asgi(headers), BODY, (SECRET,), NOW, TOLERANCE)
        else:
            native.verify(asgi(headers), BODY, (TOKEN,))
    except SignatureRejected:
        return False
    return True


@given(headers=MIXED)
def test_a_source_with_both_keys_takes_what_either_dialect_takes(headers: dict[str, str]) -> None:
    """Whatever headers are mixed: accepted if and only if one dialect's own check accepts, and read by that one."""
    accepting = [dialect for dialect in ("envelope", "native") if verifies(headers, dialect)]
    keys = DialectKeys(envelope_secrets=(SECRET,), callback_tokens=(TOKEN,))

    try:
        taken = [authenticate(asgi(headers), BODY, keys, NOW, TOLERANCE).dialect]
    except SignatureRejected:
        taken = []

    assert taken == accepting
