"""Signs requests of handlers by the Standard Webhooks specification (https://www.standardwebhooks.com).

The algorithm is the dialect's, which verifies by it; here is what a sender adds: the id of a message, and every secret
while one is being rotated.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from salesloft_webhooks.dialects.standard_webhooks import secret_bytes, signed_headers
from salesloft_webhooks.errors import ConfigurationError


class Signer:
    """Signs requests with one or more secrets.

    Args:
        secrets: ``whsec_<base64>``, the new one first. Base64 without the prefix is accepted too.

    Raises:
        ConfigurationError: a secret is not base64, or shorter than the 24 bytes the specification asks for.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = [_secret(written) for written in secrets]

    def headers(self, key: str, moment: datetime, body: bytes) -> Mapping[str, str]:
        """The three headers of a request, or only the first two without a secret.

        Args:
            key: The same for every attempt to deliver the same message.
            moment: Of this attempt.
            body: What is sent, to the byte.
        """
        return signed_headers(self._secrets, message_id_of(key), int(moment.timestamp()), body)


def message_id_of(key: str) -> str:
    """The ``webhook-id`` for a key, without the dots that separate the parts of what is signed."""
    return f"msg_{sha256(key.encode()).hexdigest()[:32]}"


def _secret(written: str) -> bytes:
    try:
        return secret_bytes(written.encode(errors="replace"))
    except ValueError as exc:
        raise ConfigurationError(f"a signing secret {exc}") from None
