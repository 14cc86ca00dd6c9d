"""How much the groups have not finished, for those who decide by it whether to store more."""

from salesloft_webhooks.broker.connection.store import Store, translated


async def slowest_backlog(store: Store) -> int:
    """Events the slowest group has not finished, over all partitions; without any group: all events.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    backlog = 0
    for partition in range(store.partitions):
        stream = store.keys.events(partition)
        with translated():
            length = int(await store.client.xlen(stream))
            groups = await store.client.xinfo_groups(stream) if await store.client.exists(stream) else []
        # `lag` is None when entries were deleted by hand; then the length is the safe estimate.
        lags = [length if group["lag"] is None else group["lag"] for group in groups]
        backlog += max((lag + group["pending"] for lag, group in zip(lags, groups, strict=True)), default=length)
    return backlog
