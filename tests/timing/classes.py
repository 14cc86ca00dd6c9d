"""Pairs of classes of deliveries whose verification must take the same time, in every dialect."""

import base64
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from salesloft_webhooks.dialects import DIALECTS, Dialect, DialectKeys
from salesloft_webhooks.dialects.signatures import equal_to_any
from salesloft_webhooks.errors import SignatureRejected
from tests.timing.dudect import Prepared

NOW, TOLERANCE, BODY = 1_772_875_574, 300, b'{"id":7,"first_name":"Robin"}'
SECRETS = [f"an-invented-secret-of-the-timing-number-{number}".encode() for number in range(4)]
HOOKS = [b"whsec_" + base64.b64encode(secret) for secret in SECRETS]
Headers = tuple[tuple[bytes, bytes], ...]
Class = Callable[[], Prepared]

KINDS: dict[str, str] = {
    "envelope": "envelope_secrets",
    "native": "callback_tokens",
    "native, derived": "callback_secrets",
    "standard-webhooks": "standard_webhooks_secrets",
}
"""Kinds of keys."""


def _verified(dialect: Dialect, headers: Headers, keys: DialectKeys) -> None:
    with suppress(SignatureRejected):
        dialect.verify(headers, BODY, keys, NOW, TOLERANCE)


def _wrong(signature: bytes, place: int) -> bytes:
    """The signature with another digit of its alphabet there."""
    return signature[:place] + (b"1" if signature[place : place + 1] != b"1" else b"2") + signature[place + 1 :]


class Deliveries:
    """One body, signed with the first of four keys, in one dialect.

    Args:
        kind: A name of `KINDS`.
    """

    def __init__(self, kind: str) -> None:
        name = kind.partition(",")[0]
        self._written = HOOKS if name == "standard-webhooks" else SECRETS
        self.dialect = next(each for each in DIALECTS if each.name == name)
        self._kind = KINDS[kind]
        self.keys = DialectKeys(**{self._kind: tuple(self._written)})
        self._headers = self._signed(self.keys)
        self._name = self.dialect.headers.signature.lower().encode()
        self._digits = self._headers[self._name]
        self._chance = random.Random(2)

    def signed_with(self, place: int) -> Class:
        """Signed with the key that stands there among the four; the same four, for their order can be measured, too."""
        one = DialectKeys(**{self._kind: (self._written[place],)})
        digits = self._signed(one)[self._name]
        return lambda: partial(_verified, self.dialect, self.with_signature(digits), self.keys)

    def _signed(self, keys: DialectKeys) -> dict[bytes, bytes]:
        signed = self.dialect.sign(BODY, "person_updated", keys, NOW)
        return {key.lower().encode(): value.encode() for key, value in signed.items()}

    def wrong_at(self, place: int) -> Class:
        """With a signature that is wrong at one place only; behind ``v1,`` where that is."""
        start = len(b"v1,") if self._digits.startswith(b"v1,") else 0
        end = len(self._digits) - self._digits.count(b"=")
        wrong = _wrong(self._digits, range(start, end)[place])
        return lambda: partial(_verified, self.dialect, self.with_signature(wrong), self.keys)

    def random(self) -> Class:
        """With another wrong signature each time."""

        def make() -> Prepared:
            raw = self._chance.randbytes(32)
            text = b"v1," + base64.b64encode(raw) if self._digits[:3] == b"v1," else raw.hex().encode()
            return partial(_verified, self.dialect, self.with_signature(text[: len(self._digits)]), self.keys)

        return make

    def with_signature(self, signature: bytes) -> Headers:
        """The headers, new ones each time."""
        changed = self._headers | {self._name: bytes(bytearray(signature))}
        return tuple(changed.items())


def pairs() -> Iterator[tuple[str, Class, Class]]:
    """What is compared, its name first."""
    for kind in KINDS:
        of = Deliveries(kind)
        yield f"{kind}: a fixed wrong signature, a random one", of.wrong_at(5), of.random()
        yield f"{kind}: first digit wrong, last digit wrong", of.wrong_at(0), of.wrong_at(-1)
        yield f"{kind}: signed with the first key, with the second", of.signed_with(0), of.signed_with(1)
        yield f"{kind}: signed with the first key, with the last", of.signed_with(0), of.signed_with(3)


REPEATS = 64
"""Comparisons in one sample of `comparison`: one alone is over sooner than a clock can tell."""


def comparison(compare: Callable[[bytes, list[bytes]], object] = equal_to_any) -> tuple[str, Class, Class]:
    """The comparison alone, many times: a signature that is wrong at its first digit, and at its last."""
    expected = b"0123456789abcdef" * 4

    def of(place: int) -> Class:
        wrong = _wrong(expected, range(len(expected))[place])

        def repeated(signature: bytes, candidates: list[bytes]) -> None:
            for _ in range(REPEATS):
                compare(signature, candidates)

        return lambda: partial(repeated, bytes(bytearray(wrong)), [bytes(bytearray(expected))])

    return "the comparison: first digit wrong, last digit wrong", of(0), of(-1)
