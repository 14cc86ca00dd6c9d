"""The keys of a source, as a subscription sees them: each gives every event type its callback token.

A subscription is *ours* if, and only if, it goes to one of our addresses and is signed with a token that one of our
keys gives for its event type. SalesLoft's object has no label; this proof needs none, and no memory either.
"""

import hmac
from typing import Protocol

from salesloft_webhooks.dialects.keys import DialectKeys
from salesloft_webhooks.dialects.native import derive_token
from salesloft_webhooks.dialects.signatures import fingerprint

MASTER_KEYS = "callback_secrets"
"""The kind of keys that can be rotated, as `DialectKeys` and a source's keyring call it."""


class SigningKey(Protocol):
    """Gives tokens.

    Attributes:
        fingerprint: See `fingerprint`.
    """

    fingerprint: str

    def token(self, event: str) -> str:
        """The callback token for an event type, under SalesLoft's own name of it."""


class MasterKey:
    """A secret from which the token of each event type is derived. Its repr does not show it."""

    __slots__ = ("_secret", "fingerprint")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.fingerprint = fingerprint(secret)

    def __repr__(self) -> str:
        return f"MasterKey({self.fingerprint})"

    def token(self, event: str) -> str:
        """See `SigningKey`."""
        return derive_token(self._secret, event).decode()


class StaticToken:
    """One token for all event types. Its repr does not show it."""

    __slots__ = ("_token", "fingerprint")

    def __init__(self, token: bytes) -> None:
        self._token = token
        self.fingerprint = fingerprint(token)

    def __repr__(self) -> str:
        return f"StaticToken({self.fingerprint})"

    def token(self, event: str) -> str:  # noqa: ARG002 - the same for all
        """See `SigningKey`."""
        return self._token.decode("latin-1")


def signing_keys(keys: DialectKeys) -> tuple[SigningKey, ...]:
    """Those of a source that SalesLoft may sign with, in the order in which they are written: the first is to be used.

    A source that has master secrets uses these, and accepts its tokens too: that is how one comes from the one to the
    other.
    """
    masters = tuple(MasterKey(secret) for secret in keys[MASTER_KEYS])
    return (*masters, *(StaticToken(token) for token in keys["callback_tokens"]))


def is_token_of(key: SigningKey, event: str, token: str) -> bool:
    """Whether the key gives this token for the event type, in a time that does not depend on where they differ."""
    return hmac.compare_digest(key.token(event).encode(), token.encode())
