"""What an installation needs: the constants as measured, and the arithmetic on them.

``docs/sizing.md`` explains it; ``size`` asks it, ``status`` and the metrics forecast with it. Tests compare the page
with what stands here, and the constants with real servers (``tests/integration/broker/test_sizing.py``).
"""

import math

from msgspec import Struct

ENTRY_BYTES = 120
"""An event in the stream beside its body: its fields, the trace context among them, and what Redis adds."""
ALLOCATION = 1.1
"""What allocators round an entry up by: 1.0 to 1.2 with servers and sizes of bodies."""
RECORD_BYTES = 39
"""The compact idempotency record of an event, over the 1.25 times its TTL that it lives on average. Format 1: 240."""
RECORD_GROUP_BYTES = 1
"""What a record has in addition for each group after the first."""
COMPRESSED = 0.45
"""What zstd leaves of a body, where the dictionary does not know its words; less where it does."""
RECEIVER_RATE = 4_500
"""Deliveries a second that a receiver with one core takes in its stride: half of the most measured."""
WORKER_RATE = 4_000
"""Events a second that a worker with one core runs if its handlers do nothing: a third of the most measured."""
HEADROOM = 1.5
"""Memory of the container over the data: buffers, and rewrites of the log while data changes."""


class Load(Struct, frozen=True, kw_only=True):
    """What is to be carried.

    Attributes:
        rate: Events a second, over the day; derived ones count.
        peak_rate: Deliveries a second in a burst that the pods must take at once.
        body_bytes: Of an event.
        groups: How many handle each event.
        handler_seconds: What a handler takes, most of it waiting.
        concurrency: ``WORKER_CONCURRENCY``.
        retention_seconds: ``RETENTION_SECONDS``.
        record_seconds: ``IDEMPOTENCY_TTL_SECONDS``.
        compressed: ``BODY_COMPRESSION=zstd``.
    """

    rate: float
    peak_rate: float
    body_bytes: int
    groups: int
    handler_seconds: float
    concurrency: int
    retention_seconds: float
    record_seconds: float
    compressed: bool


class Need(Struct, frozen=True):
    """What carries a `Load`.

    Attributes:
        history_bytes: Of the streams.
        record_bytes: Of the idempotency records.
        redis_bytes: ``maxmemory`` with which history and records stay for their time.
        container_bytes: Memory limit of the server's container.
        receivers: Pods of one core.
        workers: Pods of one core, for each group.
    """

    history_bytes: int
    record_bytes: int
    redis_bytes: int
    container_bytes: int
    receivers: int
    workers: int


def entry_bytes(body_bytes: float, *, compressed: bool) -> float:
    """What an event takes in the stream."""
    return (ENTRY_BYTES + body_bytes * (COMPRESSED if compressed else 1)) * ALLOCATION


def record_bytes(groups: int) -> int:
    """What the store remembers of an event by its id."""
    return RECORD_BYTES + RECORD_GROUP_BYTES * max(groups - 1, 0)


def need(load: Load, history_share: float) -> Need:
    """What carries a load; ``history_share`` is ``HISTORY_MEMORY_SHARE``."""
    history = load.rate * load.retention_seconds * entry_bytes(load.body_bytes, compressed=load.compressed)
    records = load.rate * load.record_seconds * record_bytes(load.groups)
    redis = (history + records) / history_share
    busy = load.peak_rate * load.handler_seconds / load.concurrency
    return Need(
        history_bytes=round(history),
        record_bytes=round(records),
        redis_bytes=round(redis),
        container_bytes=round(redis * HEADROOM),
        receivers=max(2, math.ceil(load.peak_rate / RECEIVER_RATE)),
        workers=max(1, math.ceil(max(busy, load.peak_rate / WORKER_RATE))),
    )
