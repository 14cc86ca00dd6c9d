"""Redis Cluster: three primaries that share the slots, each with a replica."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import redis
from redis.exceptions import RedisError

from tests.chaos.scenes import Scene, Surroundings
from tests.chaos.surroundings.relays import Address, relay
from tests.support.clusters import PRIMARIES, started_cluster
from tests.support.moved_slots import slot_of
from tests.support.servers import Server, engines, free_port
from tests.support.waiting import wait_until

STREAM = "sl:{0}:events"
HANGS_SECONDS = 1.0


def living(nodes: list[Server]) -> list[Server]:
    """Those that run."""
    return [node for node in nodes if not node.dead and not node.frozen]


def primary_of_stream(nodes: list[Server]) -> Server:
    """The primary that has the stream's slot, as most know it by now."""
    port = _serving(nodes)[1]
    return next(node for node in nodes if node.port == port)


def _serving(nodes: list[Server]) -> Address:
    """Where that primary is, for who asks again if nobody knows."""
    for node in living(nodes):
        with suppress(RedisError, OSError), _client(node) as client:
            slot = slot_of(node, STREAM)
            for first, last, (_, port, *_), *_ in client.execute_command("CLUSTER SLOTS"):
                if first <= slot <= last and port in [each.port for each in living(nodes)]:
                    return "127.0.0.1", port
    raise ConnectionRefusedError


def _client(node: Server) -> redis.Redis:
    return redis.Redis(
        port=node.port,
        socket_timeout=HANGS_SECONDS,
        socket_connect_timeout=HANGS_SECONDS,
        decode_responses=True,
    )


def primaries(nodes: list[Server]) -> list[Server]:
    """Those that serve slots."""
    with _client(living(nodes)[0]) as client:
        ports = {row[2][1] for row in client.execute_command("CLUSTER SLOTS")}
    return [node for node in nodes if node.port in ports]


def make_whole(nodes: list[Server]) -> None:
    """Start what is dead, thaw what is frozen, and wait until every primary has a replica that is in step."""
    for node in nodes:
        if node.dead:
            node.start()
        elif node.frozen:
            node.thaw()
    wait_until(lambda: _is_whole(nodes), seconds=60, description="every primary has its replica")


def _is_whole(nodes: list[Server]) -> bool:
    replicated = 0
    for node in nodes:
        try:
            with _client(node) as client:
                said, cluster = client.info("replication"), client.execute_command("CLUSTER INFO")
        except (RedisError, OSError):
            return False
        if cluster["cluster_state"] != "ok" or int(cluster["cluster_slots_ok"]) != 16_384:
            return False
        replicated += said["role"] == "master" and said.get("slave0", {}).get("state") == "online"
    return replicated == PRIMARIES


def _cluster(engine: str) -> Callable[[Path], AbstractContextManager[Surroundings]]:
    @contextmanager
    def opened(folder: Path) -> Iterator[Surroundings]:
        options = {"appendonly": "yes", "appendfsync": "everysec", "cluster-node-timeout": "3000"}
        with started_cluster(folder, replicas=1, engine=engine, options=options) as nodes, relay() as following:
            port = free_port()
            following.carry(port, lambda: _serving(nodes))
            hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
            settings = {"DURABILITY": "replicas:1"}
            yield Surroundings(f"redis+cluster://{hosts}", f"redis://127.0.0.1:{port}", settings, parts=nodes)

    return opened


_SENTENCE = "`DURABILITY=replicas:1` on a Redis Cluster of three primaries with a replica each, {}"
SCENES = [
    Scene("cluster", _SENTENCE.format("Valkey 9"), _cluster("valkey")),
    Scene(
        "cluster Redis 7.0",
        _SENTENCE.format("Redis 7.0"),
        _cluster("redis"),
        "" if "redis" in engines() else "redis-server is not installed",
    ),
]
