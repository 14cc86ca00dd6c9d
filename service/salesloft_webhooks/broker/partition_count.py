"""The number of partitions, on which all processes must agree.

A receiver that spreads events over four streams beside a worker that reads one leaves three quarters unhandled, and
everything that is asked about the store looks empty. So the number stands in the store. Receivers write it, because
they decide where events go: the first time, and when it is raised while all streams are drained. Every other process
compares and refuses. A store of 0.1.0 has none: there the streams themselves say how many there are at the least.
"""

from typing import Any

from salesloft_webhooks.broker.backlog import slowest_backlog
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.errors import ConfigurationError

MOST = 256
"""The greatest number of partitions."""


async def check_partitions(store: Store, *, decides: bool = False) -> None:
    """Compare our number of partitions with the store's; with ``decides`` (receivers) write it down or raise it.

    Raises:
        ConfigurationError: they differ; the message says what to do.
        StoreError: the store cannot be asked.
    """
    ours = store.partitions
    with translated():
        reply: Any = await store.client.get(store.keys.partitions)
    known = int(reply) if reply else await _streams(store)
    if ours < known:
        raise ConfigurationError(
            f"PARTITIONS is {ours}, but this installation has {known}: it is the same everywhere and cannot be lowered"
        )
    if reply and ours > known:
        if not decides:
            raise ConfigurationError(
                f"PARTITIONS is {ours}, but this installation has {known}: receivers raise it first"
            )
        if await slowest_backlog(store):
            raise ConfigurationError(
                f"PARTITIONS is {ours}, but this installation has {known}: it may only be raised while all streams are "
                "drained, and events are waiting"
            )
    if decides and (not reply or ours > known):
        agreed = int(await store.run_on(store.keys.partitions, "agree", [ours, reply or ""]))
        if agreed != ours:
            raise ConfigurationError(f"PARTITIONS is {ours}, but another receiver has just made it {agreed}")


async def _streams(store: Store) -> int:
    """How many partitions there must be, judging by the streams that exist."""
    asked = store.client.pipeline(transaction=False)
    for partition in range(MOST):
        asked.exists(store.keys.events(partition))
    with translated():
        found = await asked.execute()
    return max((partition + 1 for partition, there in enumerate(found) if there), default=0)
