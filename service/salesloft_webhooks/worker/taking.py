"""One take, and what is reported of it."""

import time
from contextlib import suppress

from salesloft_webhooks.broker import Group, Taken
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.telemetry import WorkerTelemetry, get_logger

NOTHING_TAKEN = Taken((), None, "", paused=False, healed=False, skipped=0, poisoned=(), isolated=0)

log = get_logger(__name__)


async def take(group: Group, partition: int, count: int, telemetry: WorkerTelemetry, *, alone: bool = False) -> Taken:
    """Take up to ``count`` entries; ``alone``: isolated ones.

    Raises:
        StoreError: nothing is known about the outcome.
    """
    began = time.perf_counter()
    taken = await group.take(partition, count, alone=alone)
    telemetry.store_available(f"take {partition}")
    telemetry.taken(entries=len(taken.leases), skipped=taken.skipped, seconds=time.perf_counter() - began)
    telemetry.left_unhandled(taken.unhandled)
    for event_type in taken.poisoned:
        telemetry.poisoned(event_type)
    if taken.healed:
        log.warning("group.healed", group=group.options.name, partition=partition)
        with suppress(StoreError):  # what was taken must be run all the same; `take` heals the rest by itself
            await group.register()
    return taken
