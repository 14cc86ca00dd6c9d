"""Signatures by the Standard Webhooks specification (https://www.standardwebhooks.com), symmetric ones, ``v1``.

A signature covers ``<id>.<timestamp>.<body>`` with HMAC-SHA256. While a secret is being rotated every secret signs,
and the receiver accepts any of them. Made here rather than by the reference library, which takes text where we have
bytes and brings a second HTTP client along; the tests compare with that library's output.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from salesloft_webhooks.errors import ConfigurationError

PREFIX = "whsec_"


class Signer:
    """Signs requests with one or more secrets.

    Args:
        secrets: ``whsec_<base64>``, the new one first. Base64 without the prefix is accepted too.

    Raises:
        ConfigurationError: a secret is not base64, or shorter than the 24 bytes the specification asks for.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [_key_of(secret) for secret in secrets]

    def headers(self, key: str, moment: datetime, body: bytes) -> Mapping[str, str]:
        """The three headers of a request, or only the first two without a secret.

        Args:
            key: The same for every attempt to deliver the same message.
            moment: Of this attempt.
            body: What is sent, to the byte.
        """
        message_id = message_id_of(key)
        timestamp = str(int(moment.timestamp()))
        headers = {"webhook-id": message_id, "webhook-timestamp": timestamp}
        content = b".".join((message_id.encode(), timestamp.encode(), body))
        digests = (base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in self._keys)
        if signatures := " ".join(f"v1,{digest}" for digest in digests):
            headers["webhook-signature"] = signatures
        return headers


def message_id_of(key: str) -> str:
    """The ``webhook-id`` for a key, without the dots that separate the parts of what is signed."""
    return f"msg_{sha256(key.encode()).hexdigest()[:32]}"


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ConfigurationError("a signing secret is not whsec_ and base64") from None
    if len(key) < 24:
        raise ConfigurationError("a signing secret has fewer than 24 bytes")
    return key
