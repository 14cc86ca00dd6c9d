"""Layouts: over how many partitions events are spread, now and before the number was raised."""

from dataclasses import dataclass
from zlib import crc32


@dataclass(frozen=True, slots=True, order=True)
class EarlierLayout:
    """A layout that a raise has ended.

    Attributes:
        partitions: How many there were.
        ended: When, in seconds since 1970 by the server's clock.
    """

    partitions: int
    ended: float


def partition_of(entity_key: str, partitions: int) -> int:
    """Where an entity's events go: all into one stream, so that their order is the stream's."""
    return crc32(entity_key.encode()) % partitions if partitions > 1 else 0
