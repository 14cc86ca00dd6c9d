"""How much memory will be needed if events go on coming as they do."""

from collections.abc import Iterable
from dataclasses import dataclass

from salesloft_webhooks.broker.administration.stats import PartitionStats
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.sizing import record_bytes

LEAST_SECONDS = 60.0
"""A shorter history says nothing about a rate."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What some partitions come to when history and records have the age that is configured.

    Attributes:
        rate: Events a second, over the history there is.
        history_seconds: How far back that reaches; the shortest of the partitions that have any.
        needed_bytes: For history and records; 0 while too little is known.
    """

    rate: float
    history_seconds: float
    needed_bytes: int


def forecast(partitions: Iterable[PartitionStats], groups: int, settings: Settings) -> Forecast:
    """From the mean rate and size of the events in the streams; an entry that waits long makes it an older mean."""
    rate, needed, ages = 0.0, 0.0, []
    for partition in partitions:
        if partition.history_seconds < LEAST_SECONDS:
            continue
        ages.append(partition.history_seconds)
        entries_a_second = partition.entries / partition.history_seconds
        of_history = settings.retention_seconds * partition.stream_bytes / max(partition.entries, 1)
        rate += entries_a_second
        needed += entries_a_second * (of_history + settings.idempotency_ttl_seconds * record_bytes(groups))
    return Forecast(rate, min(ages, default=0.0), round(needed))
