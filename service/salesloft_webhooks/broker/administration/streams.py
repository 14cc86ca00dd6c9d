"""Every stream in which something of an event may stand."""

from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.broker.connection.store import Store


async def all_streams(store: Store) -> list[tuple[int, str]]:
    """Partition and key: of each partition the dead letters by group, the quarantine, and last the events.

    Raises:
        StoreError: the store cannot be asked.
    """
    keys, groups = store.keys, sorted(await group_names(store))
    return [
        (partition, stream)
        for partition in range(store.partitions)
        for stream in (
            *(keys.dead(partition, group) for group in groups),
            keys.quarantine(partition),
            keys.events(partition),
        )
    ]
