"""What the request in work on a connection takes in memory, as far as its connection is not counted for it."""

SMALL_BYTES = 16_384
"""Bodies up to this size, most of SalesLoft's, are read even when signed deliveries in work hold all the memory there
is: their connections cost as much by themselves."""
HEAD_FACTOR = 2
"""What a parsed head of many fields takes in memory, as a multiple of its bytes."""
COVERED_BYTES = 4_096
"""The part of a request that the count of its connection covers: most deliveries need no account of their own."""


class RequestMemory:
    """The account of one request after the other; what it says is to be held of the connection's budget.

    Attributes:
        charged_bytes: What has been asked for so far.
    """

    __slots__ = ("_body_bytes", "_bytes", "charged_bytes")

    def __init__(self) -> None:
        self._bytes = self._body_bytes = self.charged_bytes = 0

    @property
    def small(self) -> bool:
        """Whether its body is small so far."""
        return self._body_bytes <= SMALL_BYTES

    def add_head(self, count: int) -> int:
        """A head of so many bytes; how many more are to be held beyond what the connection is counted for."""
        return self._add(HEAD_FACTOR * count)

    def add_body(self, count: int) -> int:
        """A piece of its body; how many more bytes are to be held for that."""
        self._body_bytes += count
        return self._add(count)

    def end(self) -> int:
        """The request is answered; how many bytes need to be held no more."""
        charged = self.charged_bytes
        self._bytes = self._body_bytes = self.charged_bytes = 0
        return charged

    def _add(self, count: int) -> int:
        self._bytes += count
        uncharged = self._bytes - COVERED_BYTES - self.charged_bytes
        if uncharged <= 0:
            return 0
        self.charged_bytes += uncharged
        return uncharged
