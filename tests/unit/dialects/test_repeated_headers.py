"""A header that is there twice, which proxies make of one, and put together again."""

import pytest

from salesloft_webhooks.dialects import authenticate, check_headers, envelope, native
from tests.support.dialect_deliveries import ALL_KEYS, NOW, SECRET, TOKEN, TOLERANCE, asgi

BODY = b'{"id":1}'
SIGNATURE, TIMESTAMP, EVENT = b"x-salesloft-signature", b"x-salesloft-timestamp", b"x-salesloft-event"
ENVELOPED = dict(asgi(envelope.sign(BODY, SECRET, NOW)))
NATIVE = dict(asgi(native.sign(BODY, TOKEN, "person_updated")))


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (ENVELOPED, SIGNATURE),
        (ENVELOPED, TIMESTAMP),
        (ENVELOPED | {EVENT: b"person_updated"}, SIGNATURE),
        (NATIVE, SIGNATURE),
        (NATIVE, EVENT),
    ],
    ids=["envelope-signature", "envelope-timestamp", "envelope-with-event", "native-signature", "native-event"],
)
def test_a_header_may_say_the_same_twice(headers: dict[bytes, bytes], name: bytes) -> None:
    """Said twice, in two lines or put together by a proxy, it says nothing else than once (RFC 9110, 5.3)."""
    value = headers[name]
    together = headers | {name: value + b" ,\t" + value}

    for repeated in ([*headers.items(), (name, value)], list(together.items())):
        check_headers(repeated, ALL_KEYS, NOW, TOLERANCE)
        assert authenticate(repeated, BODY, ALL_KEYS, NOW, TOLERANCE).key_index == 0
