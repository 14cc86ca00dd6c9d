"""Bodies kept for inspection show no key."""

import json

import pytest

from salesloft_webhooks.dialects import DialectKeys, authenticate, content_redacted, native, redact
from tests.support.dialect_deliveries import ALL_KEYS, MASTER, NOW, SECRET, TOKEN, TOLERANCE, asgi


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(SECRET, id="envelope-secret"),
        pytest.param(TOKEN, id="callback-token"),
        pytest.param(MASTER, id="callback-secret"),
        pytest.param(native.derive_token(MASTER, "task_deleted"), id="derived-token"),
    ],
)
def test_keys_of_every_kind_are_taken_out(key: bytes) -> None:
    """Every occurrence of any of our keys is replaced, in bodies that no parser understands too."""
    assert redact(b"\xff{" + key + b"," + key, ALL_KEYS) == b"\xff{[redacted],[redacted]"


@pytest.mark.parametrize("text", ['quote"d', "back\\slash", "sl/ash", "grün"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_keys_are_found_in_their_escaped_forms(text: str, *, ascii_only: bool) -> None:
    """JSON writes some characters as escapes, and a key is a key however it is written."""
    body = json.dumps({"x": text}, ensure_ascii=ascii_only).encode()
    keys = DialectKeys(callback_tokens=(text.encode(),))

    assert redact(body, keys) == redact(body.replace(b"/", rb"\/"), keys) == b'{"x": "[redacted]"}'


def test_a_key_that_begins_with_another_leaves_no_tail() -> None:
    """The longest match wins, so a rotated key that extends the old one is not half shown."""
    keys = DialectKeys(callback_tokens=(b"token", b"token-2"))

    assert redact(b"token-2", keys) == b"[redacted]"


@pytest.mark.parametrize("value", [b"somebody-elses", b'with \\" a quote', b"cut off"])
def test_callback_tokens_that_are_not_ours_are_taken_out(value: bytes) -> None:
    """A token we do not know is still somebody's signing key."""
    body = b'{"callback_token" : "' + value + b'"}'

    assert redact(body, DialectKeys()) == b'{"callback_token" : "[redacted]"}'


def test_a_body_without_keys_stays_as_it_is() -> None:
    """Nothing else is changed: the quarantine is there to be looked at."""
    assert redact(b'{"id": 1}\xff', ALL_KEYS) == b'{"id": 1}\xff'


def test_a_name_outside_the_table_is_covered_too() -> None:
    """The token derived for the delivery's own event name is removed, even if nobody knew that name."""
    token = native.derive_token(MASTER, "deal_room_opened")
    headers = native.sign(token, token, "deal_room_opened")

    assert authenticate(asgi(headers), token, ALL_KEYS, NOW, TOLERANCE).redacted_body() == b"[redacted]"


@pytest.mark.parametrize(
    ("body", "altered"),
    [
        (b'{"id": 1, "callback_token": "token-1"}', False),
        (b'{"id": 1, "note": "token-1"}', True),
        (b'{"id": "[redacted]"}', False),
        (b'{"id": "[redacted]", "note": "token-1", "callback_token": "token-1"}', True),
    ],
    ids=["only the token", "in a text", "the sender's own mark", "both"],
)
def test_whether_the_content_was_touched_is_known(*, body: bytes, altered: bool) -> None:
    """The callback token is no part of an event; a key anywhere else is."""
    kept = redact(body, DialectKeys(callback_tokens=(b"token-1",)))

    assert content_redacted(kept, body) is altered
