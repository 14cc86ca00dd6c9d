"""Which line a call takes: one to each server, opened by redis-py when it is first needed.

redis-py does all that is hard about reaching a server: the address, whom the sentinels name, TLS, the login, the
database, which node of a cluster serves a key. A line that broke is opened anew by the next call; all who wait for it
share one attempt, and hear of its failure alike. Behind sentinels an answer that takes long is a reason to ask them:
once they name another primary, nobody waits for the old one any longer.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import cast

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from salesloft_webhooks.background import cancel_and_wait
from salesloft_webhooks.broker.connection.clients import Client
from salesloft_webhooks.broker.connection.line import Line
from salesloft_webhooks.broker.connection.sockets import GuardedConnection

THE_SERVER = ""
"""The name of the only server, where there is no cluster."""


class Switchboard:
    """All lines of a client.

    Attributes:
        on_open: Called whenever a line has been opened: what is behind it may be another server than before.

    Args:
        client: It is asked for connections, and for the node of a key.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        pool = client.connection_pool if isinstance(client, Redis) else None
        self._behind_sentinels = pool if isinstance(pool, SentinelConnectionPool) else None
        options = pool.connection_kwargs if pool else cast("RedisCluster", client).connection_kwargs
        self._idle_limit: float = options.get("health_check_interval", 0)
        self.on_open: set[Callable[[], None]] = set()
        self._lines: dict[str, Line] = {}
        self._former: list[Line] = []
        self._opening: dict[str, asyncio.Task[Line]] = {}
        self._asking: asyncio.Task[None] | None = None

    def ready(self, key: str) -> Line | None:
        """The line to the server of a key, if it is there and can be used at once; lets go of one that cannot."""
        name = self._name(key)
        line = None if name is None else self._lines.get(name)
        if name is None or line is None:
            return None
        if not line.ready or self._outlived(line):
            self._let_go((name,))
            return None
        return line

    async def open(self, key: str) -> Line:
        """The line to the server of a key, opened if need be.

        Raises:
            RedisError, RedisClusterException, OSError: it cannot be.
        """
        if isinstance(self._client, RedisCluster):
            await self._client.initialize()
            self._let_go(name for name in self._lines if self._client.get_node(node_name=name) is None)
        if (line := self.ready(key)) is not None:
            return line
        name = self._name(key)
        if name is None:
            raise RedisClusterException("no node serves the slot")
        opening = self._opening.get(name)
        if opening is None:
            opening = self._opening[name] = asyncio.create_task(self._open(name), name="opening a line")
            opening.add_done_callback(lambda _: self._opening.pop(name, None))
        return await asyncio.shield(opening)  # whoever is cancelled leaves the others their connection

    def retire(self) -> None:
        """Open all anew from now on; calls under way are still answered."""
        self._let_go(self._lines)

    async def close(self) -> None:
        """Close all."""
        await cancel_and_wait([*self._opening.values(), *([self._asking] if self._asking else [])])
        lines = [*self._lines.values(), *self._former]
        for line in lines:
            line.close()
        await asyncio.gather(*(line.wait_closed() for line in lines))

    def _let_go(self, names: Iterable[str]) -> None:
        for name in tuple(names):
            line = self._lines.pop(name)
            line.retire()
            self._former = [former for former in (*self._former, line) if not former.closed]

    def _name(self, key: str) -> str | None:
        if not isinstance(self._client, RedisCluster):
            return THE_SERVER
        if self._client._initialize:  # noqa: SLF001 - who serves what is to be asked first
            return None
        node = self._client.get_node_from_key(key)
        return None if node is None else node.name

    def _outlived(self, line: Line) -> bool:
        """Whether something tells that another connection would be better, although this one lives."""
        if self._behind_sentinels is not None and self._behind_sentinels.master_address != line.address:
            return True
        return bool(self._idle_limit) and line.idle_seconds > self._idle_limit

    def _slow(self, line: Line) -> None:
        if self._behind_sentinels is not None and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask_sentinels(line), name="asking the sentinels")

    async def _ask_sentinels(self, line: Line) -> None:
        pool = self._behind_sentinels
        with suppress(RedisError, OSError):  # then they are asked again in a second
            if pool is not None and await pool.get_master_address() != line.address:  # type: ignore[no-untyped-call]
                line.fail(RedisTimeoutError("another server is the primary by now"))

    async def _open(self, name: str) -> Line:
        connection = self._connection(name)
        await connection.connect()  # type: ignore[no-untyped-call]
        seconds = cast("float", connection.socket_timeout)
        line = self._lines[name] = Line(connection, seconds, connection.login, self._slow)
        for call in self.on_open:
            call()
        return line

    def _connection(self, name: str) -> GuardedConnection:
        if isinstance(self._client, Redis):
            return cast("GuardedConnection", self._client.connection_pool.make_connection())  # type: ignore[no-untyped-call]
        node: ClusterNode | None = self._client.get_node(node_name=name)
        if node is None:
            raise RedisClusterException("a node has left the cluster")
        options = {**node.connection_kwargs, "retry": Retry(NoBackoff(), 0)}
        return cast("GuardedConnection", node.connection_class(**options))
