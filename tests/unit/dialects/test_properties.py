"""What holds for every byte string, found out by hypothesis."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from salesloft_webhooks.dialects import DialectKeys, authenticate, envelope, names, native
from salesloft_webhooks.dialects.derived import watermark_of
from salesloft_webhooks.errors import DeliveryError, SignatureRejected, UnreadableDelivery
from salesloft_webhooks.events import NewEvent
from tests.support.dialect_deliveries import ALL_KEYS, MASTER, NOW, SECRET, TOKEN, TOLERANCE, asgi

KEYS = st.binary(min_size=1, max_size=80)
HEADER_NAMES = st.sampled_from([b"x-salesloft-signature", b"x-salesloft-timestamp", b"x-salesloft-event", b"host"])
HEADER_VALUES = st.one_of(
    st.binary(max_size=80),
    st.from_regex(rb"[0-9a-fA-F]{40}|[0-9a-f]{64}|[0-9]{1,25}", fullmatch=True),
    st.text(max_size=30).map(str.encode),
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
REFERENCES = ["id", "person_id", "person", "recipient", "called_person"]
STATES = ["counts", "views", "clicks", "replies", "count", "status", "sent_at", "bounced", "current_state"]
ENVELOPE_FIELDS = ["event_type", "event_id", "data", "created_at"]
FIELDS = st.sampled_from([*REFERENCES, *STATES, *ENVELOPE_FIELDS, "updated_at", "callback_token"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=0, max_value=10),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.sampled_from(["sent", "completed", "removed", "2026-03-07T09:26:14Z", TOKEN.decode()]),
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | TEXT, inner, max_size=5),
    max_leaves=15,
)
RESOURCES = st.dictionaries(FIELDS | TEXT, JSON_VALUES, max_size=8)
NATIVE_NAMES = st.one_of(st.sampled_from(sorted(names.DOTTED)), st.text(st.characters(max_codepoint=255), min_size=1))
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "event_type": st.sampled_from(sorted(names.KNOWN_EVENT_TYPES)) | JSON_VALUES,
        "event_id": st.just("evt_1") | JSON_VALUES,
        "data": RESOURCES | JSON_VALUES,
        "created_at": st.just("2026-03-07T09:26:14Z") | JSON_VALUES,
    },
)


def read_envelope(body: bytes) -> tuple[NewEvent, ...]:
    """Sign, authenticate and read, as a sender and the receiver do."""
    return authenticate(asgi(envelope.sign(body, SECRET, NOW)), body, ALL_KEYS, NOW, TOLERANCE).read()


def read_native(body: bytes, name: str) -> tuple[NewEvent, ...]:
    """Sign, authenticate and read, as SalesLoft and the receiver do."""
    return authenticate(asgi(native.sign(body, TOKEN, name)), body, ALL_KEYS, NOW, TOLERANCE).read()


def field_names(value: Any) -> set[str]:
    """The names of all members, at every depth."""
    own = set(value) if isinstance(value, dict) else set()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return own.union(*map(field_names, inner))


def assert_sound(events: tuple[NewEvent, ...]) -> None:
    """What the broker and the handlers rely on, for every event."""
    assert len({event.event_id for event in events}) == len(events)
    for event in events:
        for text in (event.event_id, event.event_type, event.entity_key):
            assert text.isascii()
            assert text.isprintable()
            assert " " not in text
            assert 0 < len(text) <= 256
        data: dict[str, Any] = json.loads(event.data)
        assert "person_id" in data
        assert "callback_token" not in field_names(data)
        assert event.watermark is None or event.watermark.level >= 1


def assert_levels_are_read_again(events: tuple[NewEvent, ...]) -> None:
    """What an archive has of an event, its type and id, says which level it raises."""
    for event in events:
        assert watermark_of(event.event_type, event.event_id) == event.watermark


@given(headers=st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=5), body=st.binary(max_size=50))
@pytest.mark.parametrize(
    "keys", [ALL_KEYS, DialectKeys(envelope_secrets=(SECRET,)), DialectKeys(callback_tokens=(TOKEN,))]
)
def test_strangers_are_only_ever_rejected(keys: DialectKeys, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """No bytes in any header or body get in unsigned, or raise anything but the rejection."""
    with pytest.raises(SignatureRejected) as caught:
        authenticate(headers, body, keys, NOW, TOLERANCE)

    assert caught.value.args == (caught.value.reason.value,)


@given(body=st.binary(), key=KEYS, age=st.integers(-TOLERANCE, TOLERANCE))
def test_envelope_signatures_hold(body: bytes, key: bytes, age: int) -> None:
    """What is signed with a key of ours in time is accepted, whatever the bytes of body and key."""
    headers = asgi(envelope.sign(body, key, NOW - age))

    assert envelope.verify(headers, body, (b"\x00another", key), NOW, TOLERANCE) == (1 if key != b"\x00another" else 0)


@given(body=st.binary(), key=KEYS, name=NATIVE_NAMES.filter(lambda name: "," not in name))
def test_native_signatures_hold(body: bytes, key: bytes, name: str) -> None:
    """What is signed with a callback token, given or derived, is accepted, whatever the bytes; a name has no comma."""
    direct = asgi(native.sign(body, key, name))
    derived = asgi(native.sign(body, native.derive_token(key, name), name))

    assert native.verify(direct, body, (key,)) == 0
    assert native.verify(derived, body, (TOKEN + key,), (key,)) == 1


@pytest.mark.parametrize(("name", "read"), [(",", ""), (", ,", ""), ("a,a", "a"), ("a,b", "a,b")])
def test_commas_in_an_event_name_are_those_of_a_proxy(name: str, read: str) -> None:
    """Equal lines that a proxy put together are read as one, and those of nothing are no name at all."""
    headers = asgi(native.sign(b"", b"\x00", name))

    if read:
        assert native.event_name(headers) == read
    else:
        with pytest.raises(SignatureRejected, match="missing_event"):
            native.verify(headers, b"", (TOKEN + b"\x00",), (b"\x00",))


@given(data=st.data(), body=st.binary(min_size=1), dialect=st.sampled_from(["envelope", "native"]))
def test_any_flipped_bit_is_rejected(data: st.DataObject, body: bytes, dialect: str) -> None:
    """One flipped bit in body, signature or timestamp makes a delivery a stranger's (the case of hex digits aside)."""
    signed = envelope.sign(body, SECRET, NOW) if dialect == "envelope" else native.sign(body, TOKEN, "x_updated")
    parts = {b"body": body, **dict(asgi(signed))}
    part = data.draw(st.sampled_from(sorted(parts.keys() - {b"x-salesloft-event"})))
    bit = data.draw(st.integers(0, len(parts[part]) * 8 - 1))
    flipped = bytearray(parts[part])
    flipped[bit // 8] ^= 1 << bit % 8
    tampered = parts | {part: bytes(flipped)}
    body = tampered.pop(b"body")

    if part == b"x-salesloft-signature" and bytes(flipped).lower() == parts[part]:
        return  # an upper-case digit is the same digit
    with pytest.raises(SignatureRejected):
        authenticate(tampered.items(), body, ALL_KEYS, NOW, TOLERANCE)


@given(body=st.binary(max_size=60) | JSON_VALUES.map(lambda value: json.dumps(value).encode()), name=NATIVE_NAMES)
def test_signed_nonsense_is_only_ever_unreadable(body: bytes, name: str) -> None:
    """A correctly signed body of any bytes is read soundly or refused by our own error, in both dialects."""
    for read in (read_envelope, lambda raw: read_native(raw, name)):
        with suppress(DeliveryError):
            assert_sound(read(body))


@given(value=ENVELOPES)
def test_random_envelopes_are_read_soundly(value: dict[str, Any]) -> None:
    """An envelope with any mixture of right and wrong fields is read soundly or unreadable."""
    with suppress(UnreadableDelivery):
        assert_sound(read_envelope(json.dumps(value).encode()))


@given(value=RESOURCES, name=st.sampled_from(sorted(names.DOTTED.keys() - {"link_swap"})))
def test_random_resources_are_read_soundly(value: dict[str, Any], name: str) -> None:
    """Any JSON object is a readable resource of any documented event, unless it carries a wrong token."""
    body = json.dumps(value).encode()

    if value.get("callback_token") in (None, TOKEN.decode()):
        assert_sound(events := read_native(body, name))
        assert_levels_are_read_again(events)
    else:
        with pytest.raises(SignatureRejected):
            read_native(body, name)


@given(body=st.binary(max_size=40), where=st.integers(0, 40), key=st.sampled_from([SECRET, TOKEN, MASTER]))
def test_errors_and_redacted_bodies_show_no_key(body: bytes, where: int, key: bytes) -> None:
    """A key inside a signed body that cannot be read is in no message, argument or redacted copy."""
    body = body[:where] + key + body[where:]
    authenticated = authenticate(asgi(native.sign(body, TOKEN, "person_updated")), body, ALL_KEYS, NOW, TOLERANCE)

    try:
        authenticated.read()
        reject()  # {"<key>": ""} and the like can be read
    except UnreadableDelivery as exc:
        shown = f"{exc!r} {exc} {exc.args} {exc.__context__!r} {authenticated!r}"

    assert key.decode() not in shown
    assert key not in authenticated.redacted_body()
