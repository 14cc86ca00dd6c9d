"""Which partitions lie on which server, for what is about a server and not about a partition."""

from collections import defaultdict

from redis.asyncio import RedisCluster

from salesloft_webhooks.broker.connection.store import Store, translated


def partitions_by_server(store: Store) -> list[list[int]]:
    """The partitions of each server.

    Raises:
        StoreUnavailable: nobody knows which server has one of them.
    """
    if not isinstance(store.client, RedisCluster):
        return [list(range(store.partitions))]
    servers: defaultdict[str, list[int]] = defaultdict(list)
    with translated():
        for partition in range(store.partitions):
            servers[str(store.client.get_node_from_key(store.keys.events(partition)))].append(partition)
    return list(servers.values())


def representatives(store: Store) -> frozenset[int]:
    """One partition of each server."""
    return frozenset(partitions[0] for partitions in partitions_by_server(store))
