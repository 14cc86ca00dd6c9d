"""How inputs are made from inputs."""

import random
from collections.abc import Sequence

_NUMBERS = (b"0", b"-1", b"1", b"255", b"256", b"65536", b"2147483648", b"9223372036854775808", b"1e999", b"nan")
_SIGNS = b" \t\r\n\0:;,.=/\\\"'{}[]()<>#%&*?!-+_~@$|^`\x7f\x80\xff"
_LARGE = 40_000
"""A part is seldom repeated up to so many bytes: what costs more than in proportion shows itself."""


class Mutation:
    """Makes inputs from others, by chance.

    Args:
        chance: Where the chance comes from.
        tokens: What is put in as a whole: words that mean something to the target.
        longest_bytes: Of an input.
    """

    def __init__(self, chance: random.Random, tokens: Sequence[bytes], longest_bytes: int) -> None:
        self._chance = chance
        self._tokens = (*tokens, *_NUMBERS)
        self._longest = longest_bytes
        self._ways = (self._sign, self._token, self._token, self._cut, self._copy, self._bit, self._number)

    def of(self, data: bytes, other: bytes) -> bytes:
        """A relative of ``data``, perhaps with a piece of ``other`` in it."""
        if self._chance.random() < 0.1:
            data = data[: self._place(data)] + other[self._place(other) :]
        for _ in range(1 << self._chance.randrange(4)):
            data = self._chance.choice(self._ways)(data)
        if self._chance.random() < 0.005:
            data = self._repeat(data)
        return data[: self._longest]

    def _place(self, data: bytes) -> int:
        return self._chance.randint(0, len(data))

    def _span(self, data: bytes) -> tuple[int, int]:
        start = self._place(data)
        return start, min(len(data), start + self._chance.choice((1, 1, 2, 4, 8, 32)))

    def _sign(self, data: bytes) -> bytes:
        start, end = self._span(data)
        sign = bytes((self._chance.choice(_SIGNS),)) if self._chance.random() < 0.7 else self._chance.randbytes(1)
        return data[:start] + sign + data[start if self._chance.random() < 0.5 else end :]

    def _token(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + self._chance.choice(self._tokens) + data[start if self._chance.random() < 0.5 else end :]

    def _cut(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[end:]

    def _copy(self, data: bytes) -> bytes:
        start, end = self._span(data)
        place = self._place(data)
        return data[:place] + data[start:end] + data[place:]

    def _bit(self, data: bytes) -> bytes:
        if not data:
            return data
        place = self._chance.randrange(len(data))
        return data[:place] + bytes((data[place] ^ 1 << self._chance.randrange(8),)) + data[place + 1 :]

    def _number(self, data: bytes) -> bytes:
        places = [place for place, byte in enumerate(data) if 48 <= byte <= 57]
        if not places:
            return data
        place = self._chance.choice(places)
        return data[:place] + self._chance.choice(_NUMBERS) + data[place + 1 :]

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._span(data)
        piece = data[start:end] or b"x"
        return data[:start] + piece * self._chance.randint(2, _LARGE // len(piece)) + data[end:]
