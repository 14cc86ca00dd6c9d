"""Who gets in, who does not, and for which reason."""

import pytest

from salesloft_webhooks.dialects import DialectKeys, authenticate, choose, envelope, native
from salesloft_webhooks.errors import RejectionReason, SignatureRejected
from tests.support.dialect_deliveries import ALL_KEYS, MASTER, NOW, SECRET, TOKEN, TOLERANCE, asgi

BODY = b'{"id":1}'
ENVELOPE_ONLY = DialectKeys(envelope_secrets=(SECRET,))
NATIVE_ONLY = DialectKeys(callback_tokens=(TOKEN,))
SIGNATURE, TIMESTAMP, EVENT = b"x-salesloft-signature", b"x-salesloft-timestamp", b"x-salesloft-event"
Headers = dict[bytes, bytes]
BOTH_HEADERS = {EVENT: b"person_updated", TIMESTAMP: b"1"}


def enveloped(timestamp: int = NOW, key: bytes = SECRET) -> Headers:
    """Headers of a correctly signed envelope delivery."""
    return dict(asgi(envelope.sign(BODY, key, timestamp)))


def natively(key: bytes = TOKEN, name: str = "person_updated") -> Headers:
    """Headers of a correctly signed native delivery."""
    return dict(asgi(native.sign(BODY, key, name)))


def rejection(headers: list[tuple[bytes, bytes]], keys: DialectKeys = ALL_KEYS) -> RejectionReason:
    """Why the delivery is rejected."""
    with pytest.raises(SignatureRejected) as caught:
        authenticate(headers, BODY, keys, NOW, TOLERANCE)
    return caught.value.reason


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        pytest.param(SIGNATURE, None, RejectionReason.MISSING_SIGNATURE, id="no-signature"),
        pytest.param(SIGNATURE, b"", RejectionReason.MALFORMED_SIGNATURE, id="empty-signature"),
        pytest.param(SIGNATURE, b"a" * 63, RejectionReason.MALFORMED_SIGNATURE, id="short-signature"),
        pytest.param(SIGNATURE, b"a" * 65, RejectionReason.MALFORMED_SIGNATURE, id="long-signature"),
        pytest.param(SIGNATURE, b"g" * 64, RejectionReason.MALFORMED_SIGNATURE, id="not-hex"),
        pytest.param(SIGNATURE, b"a" * 63 + b"\n", RejectionReason.MALFORMED_SIGNATURE, id="newline"),
        pytest.param(SIGNATURE, "é".encode() * 32, RejectionReason.MALFORMED_SIGNATURE, id="non-ascii-signature"),
        pytest.param(SIGNATURE, b"a" * 64, RejectionReason.MISMATCH, id="wrong-signature"),
        pytest.param(TIMESTAMP, None, RejectionReason.MISSING_TIMESTAMP, id="no-timestamp"),
        pytest.param(TIMESTAMP, b"", RejectionReason.MALFORMED_TIMESTAMP, id="empty-timestamp"),
        pytest.param(TIMESTAMP, b"NaN", RejectionReason.MALFORMED_TIMESTAMP, id="nan"),
        pytest.param(TIMESTAMP, b"inf", RejectionReason.MALFORMED_TIMESTAMP, id="infinity"),
        pytest.param(TIMESTAMP, b"-1772875574", RejectionReason.MALFORMED_TIMESTAMP, id="negative"),
        pytest.param(TIMESTAMP, b"+1772875574", RejectionReason.MALFORMED_TIMESTAMP, id="plus-sign"),
        pytest.param(TIMESTAMP, b"1772875574.0", RejectionReason.MALFORMED_TIMESTAMP, id="float"),
        pytest.param(TIMESTAMP, b"1_772_875_574", RejectionReason.MALFORMED_TIMESTAMP, id="underscores"),
        pytest.param(TIMESTAMP, b"1772875574\n", RejectionReason.MALFORMED_TIMESTAMP, id="trailing-newline"),
        pytest.param(TIMESTAMP, b"9" * 5000, RejectionReason.MALFORMED_TIMESTAMP, id="huge"),
        pytest.param(TIMESTAMP, "١٧٧٢".encode(), RejectionReason.MALFORMED_TIMESTAMP, id="arabic-digits"),
        pytest.param(TIMESTAMP, b"1772875573", RejectionReason.MISMATCH, id="another-time"),
        pytest.param(TIMESTAMP, b"01772875574", RejectionReason.MISMATCH, id="same-time-written-otherwise"),
    ],
)
def test_envelope_headers_are_judged_strictly(name: bytes, value: bytes | None, reason: RejectionReason) -> None:
    """One wrong header of an otherwise valid delivery is rejected, and the reason names it."""
    headers = enveloped() | ({name: value} if value is not None else {})
    if value is None:
        del headers[name]

    assert rejection(list(headers.items())) is reason


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        pytest.param(SIGNATURE, None, RejectionReason.MISSING_SIGNATURE, id="no-signature"),
        pytest.param(SIGNATURE, b"a" * 64, RejectionReason.MALFORMED_SIGNATURE, id="sha256-length"),
        pytest.param(SIGNATURE, b"sha1=" + b"a" * 40, RejectionReason.MALFORMED_SIGNATURE, id="prefix"),
        pytest.param(SIGNATURE, b"a" * 40, RejectionReason.MISMATCH, id="wrong-signature"),
        pytest.param(EVENT, b"", RejectionReason.MISSING_EVENT, id="empty-event"),
    ],
)
def test_native_headers_are_judged_strictly(name: bytes, value: bytes | None, reason: RejectionReason) -> None:
    """One wrong header of an otherwise valid native delivery is rejected, and the reason names it."""
    headers = natively() | ({name: value} if value is not None else {})
    if value is None:
        del headers[name]

    assert rejection(list(headers.items())) is reason


def test_a_native_source_misses_the_event_header() -> None:
    """Without the event header there is no event name, so a source that only speaks native says what is missing."""
    headers = natively()
    del headers[EVENT]

    assert rejection(list(headers.items()), NATIVE_ONLY) is RejectionReason.MISSING_EVENT


@pytest.mark.parametrize(
    ("headers", "name", "reason"),
    [
        (enveloped(), SIGNATURE, RejectionReason.MALFORMED_SIGNATURE),
        (enveloped(), TIMESTAMP, RejectionReason.MALFORMED_TIMESTAMP),
        (natively(), SIGNATURE, RejectionReason.MALFORMED_SIGNATURE),
        (natively(), EVENT, RejectionReason.MISSING_EVENT),
    ],
    ids=["envelope-signature", "envelope-timestamp", "native-signature", "native-event"],
)
def test_a_header_with_two_values_is_refused(headers: Headers, name: bytes, reason: RejectionReason) -> None:
    """Two values leave open which counts: proxies disagree, so neither does."""
    other = (name, headers[name][:-1] + b"0")
    assert {rejection([*headers.items(), other]), rejection([other, *headers.items()])} == {reason}


@pytest.mark.parametrize(
    ("offset", "reason"),
    [
        (-TOLERANCE - 1, RejectionReason.EXPIRED),
        (TOLERANCE + 1, RejectionReason.IN_THE_FUTURE),
        (10**18, RejectionReason.IN_THE_FUTURE),
    ],
)
def test_stale_and_early_deliveries_are_rejected(offset: int, reason: RejectionReason) -> None:
    """An authentic delivery just outside the tolerance is rejected, and the reason tells the direction."""
    assert rejection(list(enveloped(NOW + offset).items())) is reason


@pytest.mark.parametrize("offset", [-TOLERANCE, 0, TOLERANCE])
def test_the_tolerance_is_inclusive(offset: int) -> None:
    """A delivery exactly at the edge of the tolerance is still accepted."""
    headers = enveloped(NOW + offset).items()

    assert authenticate(headers, BODY, ALL_KEYS, NOW, TOLERANCE).dialect == "envelope"


def test_a_stale_guess_is_a_mismatch() -> None:
    """EXPIRED is said of authentic deliveries only, so that the metric speaks of clocks and not of strangers."""
    headers = enveloped(timestamp=1, key=b"a guess")

    assert rejection(list(headers.items())) is RejectionReason.MISMATCH


@pytest.mark.parametrize("headers", [enveloped(), natively()], ids=["envelope", "native"])
def test_upper_case_digits_are_accepted(headers: Headers) -> None:
    """SalesLoft does not document the case of its hex digits."""
    headers[SIGNATURE] = headers[SIGNATURE].upper()

    assert authenticate(headers.items(), BODY, ALL_KEYS, NOW, TOLERANCE).key_index == 0


@pytest.mark.parametrize("index", [0, 1, 2])
def test_any_envelope_secret_may_match(index: int) -> None:
    """During a rotation each of several secrets is accepted, and the index says which one."""
    keys = DialectKeys(envelope_secrets=(b"first", b"second", b"third"))
    headers = enveloped(key=keys["envelope_secrets"][index])

    assert authenticate(headers.items(), BODY, keys, NOW, TOLERANCE).key_index == index


def test_the_first_of_equal_keys_counts() -> None:
    """A key that is listed twice is reported at its first place, which is the one an operator looks at."""
    keys = DialectKeys(envelope_secrets=(b"other", SECRET, SECRET))

    assert authenticate(enveloped().items(), BODY, keys, NOW, TOLERANCE).key_index == 1


@pytest.mark.parametrize(
    ("key", "index"),
    [
        (b"token one", 0),
        (b"token two", 1),
        (native.derive_token(b"secret one", "person_updated"), 2),
        (native.derive_token(b"secret two", "person_updated"), 3),
    ],
)
def test_native_keys_are_counted_tokens_first(key: bytes, index: int) -> None:
    """Callback tokens come first, tokens derived from master secrets after them."""
    keys = DialectKeys(callback_tokens=(b"token one", b"token two"), callback_secrets=(b"secret one", b"secret two"))

    assert authenticate(natively(key).items(), BODY, keys, NOW, TOLERANCE).key_index == index


def test_a_derived_token_binds_the_event_name() -> None:
    """A captured body cannot be replayed under another event name when tokens are derived per event type."""
    headers = natively(native.derive_token(MASTER, "person_updated"), "person_deleted")

    assert rejection(list(headers.items())) is RejectionReason.MISMATCH


def test_the_master_secret_itself_signs_nothing() -> None:
    """Only derived tokens are given to SalesLoft, so the master secret is no valid signing key."""
    assert rejection(list(natively(MASTER).items())) is RejectionReason.MISMATCH


def test_a_derived_token_is_the_documented_digest() -> None:
    """The derivation can be repeated with openssl: hex HMAC-SHA256 of the event name under the master secret."""
    token = native.derive_token(b"secret", "person_updated")

    assert token == b"d2e1c40ba5555e0d50c826e2812139f0942dade7ab7fe1bdb679d4cf0dd56989"


def test_keys_are_not_shared_between_dialects() -> None:
    """An envelope secret does not sign native deliveries, nor the other way round."""
    assert rejection(list(natively(SECRET).items())) is RejectionReason.MISMATCH
    assert rejection(list(enveloped(key=TOKEN).items())) is RejectionReason.MISMATCH


@pytest.mark.parametrize(
    ("keys", "headers", "dialect"),
    [
        pytest.param(ALL_KEYS, {EVENT: b"x"}, "native", id="both-event"),
        pytest.param(ALL_KEYS, BOTH_HEADERS, "native", id="both-event-and-timestamp"),
        pytest.param(ALL_KEYS, enveloped() | BOTH_HEADERS, "envelope", id="both-signed-as-an-envelope"),
        pytest.param(ALL_KEYS, natively() | BOTH_HEADERS, "native", id="both-signed-natively"),
        pytest.param(ALL_KEYS, {TIMESTAMP: b"1"}, "envelope", id="both-timestamp"),
        pytest.param(ALL_KEYS, {}, "envelope", id="both-nothing"),
        pytest.param(ENVELOPE_ONLY, BOTH_HEADERS, "envelope", id="relay-passes-the-event-header-on"),
        pytest.param(ENVELOPE_ONLY, {}, "envelope", id="envelope-nothing"),
        pytest.param(NATIVE_ONLY, BOTH_HEADERS, "native", id="native-event-and-timestamp"),
        pytest.param(NATIVE_ONLY, {}, "native", id="native-nothing"),
        pytest.param(DialectKeys(callback_secrets=(MASTER,)), {EVENT: b"x"}, "native", id="master-secret"),
    ],
)
def test_headers_choose_among_the_accepted_dialects(keys: DialectKeys, headers: Headers, dialect: str) -> None:
    """The signature's form, then the event header, decides between two; a source with one dialect stays with it."""
    assert choose(tuple(headers.items()), keys).name == dialect


@pytest.mark.parametrize(
    ("keys", "headers"),
    [
        pytest.param(ENVELOPE_ONLY, natively(), id="native-to-an-envelope-source"),
        pytest.param(NATIVE_ONLY, enveloped(), id="envelope-to-a-native-source"),
        pytest.param(DialectKeys(), enveloped(), id="no-keys-at-all"),
        pytest.param(DialectKeys(), {}, id="nothing-at-all"),
    ],
)
def test_a_dialect_without_keys_says_so(keys: DialectKeys, headers: Headers) -> None:
    """A delivery plainly made in a dialect without keys is not blamed on its headers."""
    assert rejection(list(headers.items()), keys) is RejectionReason.NO_KEYS


@pytest.mark.parametrize("shown", [repr(ALL_KEYS), str(ALL_KEYS), f"{ALL_KEYS}"])
def test_keys_never_print(shown: str) -> None:
    """A repr shows how many keys there are, and none of them."""
    assert shown == "DialectKeys(envelope_secrets=<1>, callback_tokens=<1>, callback_secrets=<1>)"


def test_an_authenticated_delivery_prints_neither_keys_nor_body() -> None:
    """What may end in a log line or traceback shows no secret and no personal data."""
    shown = repr(authenticate(natively().items(), BODY, ALL_KEYS, NOW, TOLERANCE))

    assert shown == "Authenticated(dialect='native', key_index=0, from_headers='person_updated')"
