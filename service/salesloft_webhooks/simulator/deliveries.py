"""Deliveries ready to be posted, and what makes them: signing, repeating, forging."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.dialects import Dialect, DialectKeys, envelope, native
from salesloft_webhooks.errors import ConfigurationError


class Kind(StrEnum):
    """What a delivery is, and so what it deserves."""

    GENUINE = "genuine"
    """Signed with a key of the source; its event is new."""
    DUPLICATE = "duplicate"
    """A genuine one again, byte for byte."""
    FORGERY = "forgery"
    """What somebody without the keys, or with an old recording, could send."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP POST.

    Attributes:
        kind: What it is.
        dialect: How it is signed and shaped.
        event_type: What happened, for people: dotted in the envelope dialect, SalesLoft's own name in the native one.
        headers: The dialect's headers.
        body: The raw bytes.
        variant: How a forgery was made, else empty.
    """

    kind: Kind
    dialect: Dialect
    event_type: str
    headers: dict[str, str]
    body: bytes
    variant: str = ""

    @property
    def expected_status(self) -> int:
        """What a healthy receiver answers."""
        return (DeliveryOutcome.REJECTED if self.kind is Kind.FORGERY else DeliveryOutcome.STORED).status


class Signer:
    """Signs as the holder of a source's keys does, always with the first one of a kind.

    Args:
        keys: The keys; for the native dialect a callback secret is preferred to a token.

    Raises:
        ConfigurationError: there are none.
    """

    def __init__(self, keys: DialectKeys) -> None:
        if not keys.dialects:
            raise ConfigurationError("there is no key to sign with")
        self._keys = keys

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """What it can sign, in a fixed order."""
        return tuple(dialect for dialect in Dialect if dialect in self._keys.dialects)

    @property
    def binds_event_names(self) -> bool:
        """Whether a native delivery cannot be repeated under another event name."""
        return bool(self._keys.callback_secrets) and not self._keys.callback_tokens

    def sign(self, dialect: Dialect, body: bytes, event_name: str, timestamp: int) -> dict[str, str]:
        """The headers that make ``body`` a delivery.

        Args:
            dialect: One of `dialects`.
            body: The raw bytes.
            event_name: Native dialect: SalesLoft's name of the event.
            timestamp: Envelope dialect: Unix seconds.
        """
        if dialect is Dialect.ENVELOPE:
            return envelope.sign(body, self._keys.envelope_secrets[0], timestamp)
        if self._keys.callback_secrets:
            return native.sign(body, native.derive_token(self._keys.callback_secrets[0], event_name), event_name)
        return native.sign(body, self._keys.callback_tokens[0], event_name)


Forge = Callable[[Delivery, int], Delivery]


class Forger:
    """Turns genuine deliveries into ones that must be refused, each in one of the ways of which there are many."""

    def __init__(self, random: Random, signer: Signer) -> None:
        self._random = random
        self._signer = signer

    def forge(self, genuine: Delivery, timestamp: int) -> Delivery:
        """A forgery of ``genuine``, made at ``timestamp`` (Unix seconds)."""
        variants: list[Forge] = [self._unsigned, self._garbled, self._tampered, self._guessed]
        if genuine.dialect is Dialect.ENVELOPE:
            variants += [self._stale, self._undated]
        elif self._signer.binds_event_names:
            variants.append(self._renamed)
        make = self._random.choice(variants)
        return replace(make(genuine, timestamp), kind=Kind.FORGERY, variant=make.__name__.lstrip("_"))

    def _unsigned(self, genuine: Delivery, _timestamp: int) -> Delivery:
        headers = {name: value for name, value in genuine.headers.items() if name != "X-Salesloft-Signature"}
        return replace(genuine, headers=headers)

    def _garbled(self, genuine: Delivery, _timestamp: int) -> Delivery:
        return self._with(genuine, "X-Salesloft-Signature", genuine.headers["X-Salesloft-Signature"][:-1] + "?")

    def _tampered(self, genuine: Delivery, _timestamp: int) -> Delivery:
        return replace(genuine, body=genuine.body.replace(b"}", b" }", 1))

    def _guessed(self, genuine: Delivery, _timestamp: int) -> Delivery:
        digits = len(genuine.headers["X-Salesloft-Signature"])
        guess = hashlib.sha256(self._random.randbytes(16)).hexdigest()[:digits]
        return self._with(genuine, "X-Salesloft-Signature", guess)

    def _stale(self, genuine: Delivery, timestamp: int) -> Delivery:
        """Recorded long ago and correctly signed then: beyond the longest tolerance that can be configured."""
        return replace(genuine, headers=self._signer.sign(genuine.dialect, genuine.body, "", timestamp - 90_000))

    def _undated(self, genuine: Delivery, _timestamp: int) -> Delivery:
        return self._with(genuine, "X-Salesloft-Timestamp", "NaN")

    def _renamed(self, genuine: Delivery, _timestamp: int) -> Delivery:
        """Recorded, and repeated as another event."""
        return self._with(genuine, "X-Salesloft-Event", "account_deleted")

    def _with(self, genuine: Delivery, name: str, value: str) -> Delivery:
        return replace(genuine, headers={**genuine.headers, name: value})
