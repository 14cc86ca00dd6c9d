"""What can be refused from the headers alone, and that nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.dialects import DialectKeys, authenticate, check_headers, envelope, native
from salesloft_webhooks.errors import RejectionReason, SignatureRejected
from tests.support.dialect_deliveries import ALL_KEYS, NOW, SECRET, TOKEN, TOLERANCE, asgi

BODY = b'{"id":1}'
ENVELOPE_ONLY = DialectKeys(envelope_secrets=(SECRET,))
NATIVE_ONLY = DialectKeys(callback_tokens=(TOKEN,))
SIGNATURE, TIMESTAMP, EVENT = b"x-salesloft-signature", b"x-salesloft-timestamp", b"x-salesloft-event"
SHA1, SHA256 = b"a" * 40, b"a" * 64
PRESENT = str(NOW).encode()


def problem(headers: dict[bytes, bytes], keys: DialectKeys) -> RejectionReason | None:
    """Why headers are refused without a body."""
    try:
        check_headers(headers.items(), keys, NOW, TOLERANCE)
    except SignatureRejected as exc:
        return exc.reason
    return None


@pytest.mark.parametrize(
    ("headers", "keys", "reason"),
    [
        pytest.param({}, ALL_KEYS, RejectionReason.MISSING_SIGNATURE, id="nothing"),
        pytest.param({TIMESTAMP: PRESENT}, ALL_KEYS, RejectionReason.MISSING_SIGNATURE, id="no signature"),
        pytest.param({SIGNATURE: SHA256}, ENVELOPE_ONLY, RejectionReason.MISSING_TIMESTAMP, id="no timestamp"),
        pytest.param(
            {SIGNATURE: SHA256, TIMESTAMP: b"now"}, ALL_KEYS, RejectionReason.MALFORMED_TIMESTAMP, id="no number"
        ),
        pytest.param(
            {SIGNATURE: SHA1, TIMESTAMP: PRESENT}, ALL_KEYS, RejectionReason.MALFORMED_SIGNATURE, id="too short"
        ),
        pytest.param(
            {SIGNATURE: b"g" * 64, TIMESTAMP: PRESENT}, ALL_KEYS, RejectionReason.MALFORMED_SIGNATURE, id="not hex"
        ),
        pytest.param(
            {SIGNATURE: SHA256, TIMESTAMP: b"%d" % (NOW - TOLERANCE - 1)}, ALL_KEYS, RejectionReason.EXPIRED, id="old"
        ),
        pytest.param(
            {SIGNATURE: SHA256, TIMESTAMP: b"%d" % (NOW + TOLERANCE + 1)},
            ALL_KEYS,
            RejectionReason.IN_THE_FUTURE,
            id="early",
        ),
        pytest.param({SIGNATURE: SHA1}, NATIVE_ONLY, RejectionReason.MISSING_EVENT, id="no event"),
        pytest.param({SIGNATURE: SHA256, EVENT: b"x"}, NATIVE_ONLY, RejectionReason.MALFORMED_SIGNATURE, id="too long"),
        pytest.param({SIGNATURE: SHA1, EVENT: b"x"}, ENVELOPE_ONLY, RejectionReason.NO_KEYS, id="the other dialect"),
        pytest.param({SIGNATURE: SHA1, EVENT: b"x"}, DialectKeys(), RejectionReason.NO_KEYS, id="no keys at all"),
    ],
)
def test_what_no_body_can_make_valid_is_refused(
    headers: dict[bytes, bytes], keys: DialectKeys, reason: RejectionReason
) -> None:
    """The reason is that of the dialect the headers seem to speak."""
    assert problem(headers, keys) is reason


@pytest.mark.parametrize(
    ("headers", "keys"),
    [
        pytest.param({SIGNATURE: SHA256, TIMESTAMP: PRESENT}, ALL_KEYS, id="envelope"),
        pytest.param({SIGNATURE: SHA256.upper(), TIMESTAMP: PRESENT}, ENVELOPE_ONLY, id="upper case"),
        pytest.param({SIGNATURE: SHA256, TIMESTAMP: PRESENT, EVENT: b"x"}, ALL_KEYS, id="envelope with an event"),
        pytest.param({SIGNATURE: SHA1, EVENT: b"x"}, ALL_KEYS, id="native"),
        pytest.param({SIGNATURE: SHA1, EVENT: b"x", TIMESTAMP: b"now"}, NATIVE_ONLY, id="native with a timestamp"),
    ],
)
def test_what_some_body_could_make_valid_is_read(headers: dict[bytes, bytes], keys: DialectKeys) -> None:
    """Any dialect with keys may still turn out to be the one."""
    assert problem(headers, keys) is None


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([SIGNATURE, TIMESTAMP, EVENT, b"host"]),
        st.sampled_from([SHA1, SHA256, b"", PRESENT, b"0", b"person_updated"]) | st.binary(max_size=70),
    ),
    max_size=5,
)


@given(headers=HEADERS, keys=st.sampled_from([ALL_KEYS, ENVELOPE_ONLY, NATIVE_ONLY, DialectKeys()]), body=st.binary())
def test_it_raises_nothing_else(headers: list[tuple[bytes, bytes]], keys: DialectKeys, body: bytes) -> None:
    """No headers make it raise anything but a rejection, and what it rejects is rejected with any body."""
    try:
        check_headers(headers, keys, NOW, TOLERANCE)
    except SignatureRejected:
        with pytest.raises(SignatureRejected):
            authenticate(headers, body, keys, NOW, TOLERANCE)


@given(body=st.binary(max_size=50), age=st.integers(-TOLERANCE, TOLERANCE))
def test_nothing_authentic_is_refused(body: bytes, age: int) -> None:
    """Whatever would be proven with its body passes without."""
    check_headers(asgi(envelope.sign(body, SECRET, NOW - age)), ALL_KEYS, NOW, TOLERANCE)
    check_headers(asgi(native.sign(body, TOKEN, "person_updated")), ALL_KEYS, NOW, TOLERANCE)
