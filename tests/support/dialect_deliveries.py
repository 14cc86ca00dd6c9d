"""Invented keys and headers that the dialect tests share."""

import json
from collections.abc import Mapping

from salesloft_webhooks.dialects import DialectKeys

SECRET = b"whsec_an-invented-envelope-secret"
TOKEN = b"an-invented-callback-token"
MASTER = b"an-invented-callback-master-secret"
ALL_KEYS = DialectKeys(envelope_secrets=(SECRET,), callback_tokens=(TOKEN,), callback_secrets=(MASTER,))
NOW = 1_772_875_574
TOLERANCE = 300


def asgi(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as an ASGI server hands them over."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def as_json(value: object) -> bytes:
    """A value as a sender would write it."""
    return json.dumps(value).encode()
