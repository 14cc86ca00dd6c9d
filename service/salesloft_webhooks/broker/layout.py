"""Layouts: over how many partitions events are spread, now and before the number was raised."""

from zlib import crc32

from msgspec import Struct


class EarlierLayout(Struct, frozen=True, order=True):
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
