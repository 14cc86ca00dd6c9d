"""A primary and two replicas behind three Sentinels, and who is what of them at the moment."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import redis
from redis.exceptions import RedisError

from tests.chaos.scenes import Scene, Surroundings
from tests.chaos.surroundings.relays import Address, relay
from tests.support.sentinels import PASSWORD, Sentinel, Watched, watched
from tests.support.servers import Server, free_port
from tests.support.waiting import wait_until

DOWN_AFTER_MS = 3_000
"""Long enough for a machine on which much else runs: a promotion that nobody asked for is another fault."""
RECOMMENDED = {"min-replicas-to-write": "1", "min-replicas-max-lag": "3"}
"""As docs/operations.md says."""
PROMOTED_SECONDS = 30.0
HANGS_SECONDS = 1.0
"""Who does not say within this time what it is, is taken for dead or frozen."""


def servers(parts: Watched) -> list[Server]:
    """All three."""
    return [parts.primary, *parts.replicas]


def primaries(parts: Watched) -> list[Server]:
    """Those that say they are one: for some moments none or two."""
    return [server for server in servers(parts) if _says(server, "role") == "master"]


def primary(parts: Watched) -> Server:
    """The one with replicas, once there is one."""
    found: list[Server] = []

    def there_is_one() -> bool:
        found[:] = [server for server in primaries(parts) if _says(server, "connected_slaves") not in {None, 0}]
        return len(found) == 1

    wait_until(there_is_one, seconds=PROMOTED_SECONDS, description="there is a primary with a replica")
    return found[0]


def _serving(parts: Watched) -> Address:
    """Where the primary is, for who asks again if there is none at this moment."""
    for server in primaries(parts):
        if _says(server, "connected_slaves") not in {None, 0}:
            return "127.0.0.1", server.port
    raise ConnectionRefusedError


def _says(server: Server, what: str) -> object:
    if server.dead or server.frozen:
        return None
    with redis.Redis(port=server.port, socket_timeout=HANGS_SECONDS, socket_connect_timeout=HANGS_SECONDS) as client:
        try:
            said: object = client.info("replication").get(what)
        except (RedisError, OSError):
            return None
    return said


def make_whole(parts: Watched) -> None:
    """Start what is dead, thaw what is frozen, and wait until all is in step: the next fault strikes at the whole."""
    for sentinel in parts.sentinels:
        sentinel.go_on()
    for server in servers(parts):
        if server.dead:
            server.start()
        elif server.frozen:
            server.thaw()
    for sentinel in parts.sentinels:
        wait_until(lambda s=sentinel: _is_whole(s, parts), seconds=120, description="all are in step")  # type: ignore[misc]


def _is_whole(sentinel: Sentinel, parts: Watched) -> bool:
    return sentinel.knows(others=2, replicas=2) and [
        _says(server, "connected_slaves") for server in primaries(parts)
    ] == [len(parts.replicas)]


def _behind_sentinels(durability: str) -> Callable[[Path], AbstractContextManager[Surroundings]]:
    @contextmanager
    def opened(folder: Path) -> Iterator[Surroundings]:
        options = {"appendonly": "yes", "appendfsync": "everysec", **RECOMMENDED}
        with watched(folder, replicas=2, down_after_ms=DOWN_AFTER_MS, options=options) as parts, relay() as following:
            port = free_port()
            following.carry(port, lambda: _serving(parts))
            settings = {"DURABILITY": durability, "REDIS_SENTINEL_PASSWORD": PASSWORD}
            yield Surroundings(parts.url, f"redis://127.0.0.1:{port}", settings, parts=parts)

    return opened


SCENES = [
    Scene(
        "sentinel",
        "`DURABILITY=replicas:1` on a primary with two replicas behind three Sentinels, as operations.md recommends",
        _behind_sentinels("replicas:1"),
    ),
    Scene("sentinel memory", "`DURABILITY=memory` on the same", _behind_sentinels("memory")),
]
