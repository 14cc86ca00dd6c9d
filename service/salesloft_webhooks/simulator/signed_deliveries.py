"""Deliveries ready to be posted, and what makes them: signing, repeating, forging."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.dialects import Dialect, DialectKeys, OutgoingEvent, accepted
from salesloft_webhooks.dialects.names import DOTTED
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
        event_type: What happened, for people: SalesLoft's own name for bare resources, dotted otherwise.
        headers: The dialect's headers.
        body: The raw bytes.
        from_headers: What its headers say and its body does not.
        variant: How a forgery was made, else empty.
    """

    kind: Kind
    dialect: Dialect
    event_type: str
    headers: dict[str, str]
    body: bytes
    from_headers: str = ""
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
        if not accepted(keys):
            raise ConfigurationError("there is no key to sign with")
        self._keys = keys

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """What it can sign, in a fixed order."""
        return tuple(accepted(self._keys))

    def binds_events(self, dialect: Dialect) -> bool:
        """Whether a delivery cannot be repeated as another event."""
        return dialect.binds_events(self._keys)

    def delivery(self, dialect: Dialect, event: OutgoingEvent, timestamp: int) -> Delivery:
        """A genuine delivery of an event, signed at ``timestamp`` (Unix seconds).

        Raises:
            ConfigurationError: the dialect cannot tell of such an event.
        """
        body, from_headers = dialect.compose(event)
        headers = dialect.sign(body, from_headers, self._keys, timestamp)
        event_type = from_headers if dialect.bare_resources else DOTTED.get(event.event_type, event.event_type)
        return Delivery(Kind.GENUINE, dialect, event_type, headers, body, from_headers)

    def resigned(self, delivery: Delivery, timestamp: int) -> Delivery:
        """The same, signed at another time."""
        headers = delivery.dialect.sign(delivery.body, delivery.from_headers, self._keys, timestamp)
        return replace(delivery, headers=headers)


Forge = Callable[[Delivery, int], Delivery]


class Forger:
    """Turns genuine deliveries into ones that must be refused, each in one of the ways of which there are many."""

    def __init__(self, random: Random, signer: Signer) -> None:
        self._random = random
        self._signer = signer

    def forge(self, genuine: Delivery, timestamp: int) -> Delivery:
        """A forgery of ``genuine``, made at ``timestamp`` (Unix seconds)."""
        variants: list[Forge] = [self._unsigned, self._garbled, self._tampered, self._guessed]
        names = genuine.dialect.headers
        if names.timestamp:
            variants += [self._stale, self._undated]
        if names.event and self._signer.binds_events(genuine.dialect):
            variants.append(self._renamed)
        make = self._random.choice(variants)
        return replace(make(genuine, timestamp), kind=Kind.FORGERY, variant=make.__name__.lstrip("_"))

    def _unsigned(self, genuine: Delivery, _timestamp: int) -> Delivery:
        headers = {name: value for name, value in genuine.headers.items() if name != genuine.dialect.headers.signature}
        return replace(genuine, headers=headers)

    def _garbled(self, genuine: Delivery, _timestamp: int) -> Delivery:
        name = genuine.dialect.headers.signature
        return self._with(genuine, name, genuine.headers[name][:-1] + "?")

    def _tampered(self, genuine: Delivery, _timestamp: int) -> Delivery:
        return replace(genuine, body=genuine.body.replace(b"}", b" }", 1))

    def _guessed(self, genuine: Delivery, timestamp: int) -> Delivery:
        """Signed with a key that is not the source's."""
        guess = b64encode(self._random.randbytes(24))  # a key of any kind
        keys = DialectKeys(**{kind.name: (guess,) for kind in genuine.dialect.key_kinds})
        headers = genuine.dialect.sign(genuine.body, genuine.from_headers, keys, timestamp)
        return replace(genuine, headers=headers)

    def _stale(self, genuine: Delivery, timestamp: int) -> Delivery:
        """Recorded long ago and correctly signed then: beyond the longest tolerance that can be configured."""
        return self._signer.resigned(genuine, timestamp - 90_000)

    def _undated(self, genuine: Delivery, _timestamp: int) -> Delivery:
        return self._with(genuine, genuine.dialect.headers.timestamp, "NaN")

    def _renamed(self, genuine: Delivery, _timestamp: int) -> Delivery:
        """Recorded, and repeated as another event."""
        return self._with(genuine, genuine.dialect.headers.event, "account_deleted")

    def _with(self, genuine: Delivery, name: str, value: str) -> Delivery:
        return replace(genuine, headers={**genuine.headers, name: value})
