"""Commands on one connection to one node of a cluster, and what follows when another one serves the slot by now."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode, PipelineCommand
from redis.exceptions import ClusterDownError, MovedError, ReadOnlyError, RedisClusterException
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

ELSEWHERE = (RedisConnectionError, RedisTimeoutError, ClusterDownError, MovedError, ReadOnlyError)
"""Errors of a node that say or suggest that another one serves the slot by now."""


async def on_node(client: RedisCluster, key: str, commands: Sequence[Sequence[str | bytes | int | float]]) -> list[Any]:
    """Send commands on one connection to the node that serves a key."""
    await client.initialize()
    node = client.get_node_from_key(key)
    if node is None:
        raise RedisClusterException("no node serves the slot")
    sent = [PipelineCommand(position, *command) for position, command in enumerate(commands)]
    try:
        await node.execute_pipeline(sent)
    except (RedisConnectionError, RedisTimeoutError):
        await relearn(client, node)
        raise
    replies = [command.result for command in sent]
    if any(isinstance(reply, ELSEWHERE) for reply in replies):
        await relearn(client, node)
    return replies


async def relearn_who_serves(client: Redis | RedisCluster, key: str) -> None:
    """Ask a cluster anew who serves what, the next time: whoever was known to serve this key does not."""
    if isinstance(client, RedisCluster) and (node := client.get_node_from_key(key)) is not None:
        await relearn(client, node)


async def relearn(client: RedisCluster, node: ClusterNode) -> None:
    """Ask the cluster anew who serves what: a node was lost, demoted, or has given a slot away."""
    node.update_active_connections_for_reconnect()
    await node.disconnect_free_connections()
    client.nodes_manager.move_node_to_end_of_cached_nodes(node.name)
    client._initialize = True  # noqa: SLF001 - the public way also cuts off everybody's running commands
