"""Which partitions stand for their servers, for what is about a server and not about a partition."""

from redis.asyncio import RedisCluster

from salesloft_webhooks.broker.connection.store import Store


def representatives(store: Store) -> frozenset[int]:
    """One partition of each server."""
    if not isinstance(store.client, RedisCluster):
        return frozenset({0})
    nodes = {str(store.client.get_node_from_key(store.keys.events(n))): n for n in range(store.partitions)}
    return frozenset(nodes.values())
