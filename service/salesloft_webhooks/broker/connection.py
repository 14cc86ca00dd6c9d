"""The connection to Redis or Valkey, and the only place where redis-py's errors become ours.

The client never repeats a command by itself (redis-py would, ten times, after a lost reply): whether a repeat is safe
is for each caller to know. `Publisher` repeats because deduplication makes it safe; a repeated ``take`` would lease
entries that nobody runs.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError, RedisClusterException, RedisError

from salesloft_webhooks.broker.keys import Keys
from salesloft_webhooks.broker.scripts import Script, script
from salesloft_webhooks.errors import ConfigurationError, StoreFull, StoreUnavailable
from salesloft_webhooks.settings import Settings

Argument = str | bytes | int | float
Client = Redis | RedisCluster

SENTINEL_SCHEMES = {"redis+sentinel": False, "rediss+sentinel": True}
CLUSTER_SCHEMES = {"redis+cluster": False, "rediss+cluster": True}


@contextmanager
def translated() -> Iterator[None]:
    """Turn redis-py's and the socket's errors into `StoreFull` or `StoreUnavailable`.

    Messages name the kind of failure and the server's own error text, never an address with a password.
    """
    try:
        yield
    except OutOfMemoryError as exc:
        raise StoreFull("the server is out of memory (maxmemory)") from exc
    except (RedisError, RedisClusterException, OSError, TimeoutError) as exc:  # the second is no RedisError
        raise StoreUnavailable(f"{type(exc).__name__}: {exc}") from exc


@dataclass(frozen=True, slots=True)
class Store:
    """One process's access to the store: the client, the key names and the scripts.

    Attributes:
        client: redis-py's client; replies are bytes. Wrap its use in `translated`.
        keys: Names of all keys.
        partitions: Number of streams.
    """

    client: Client
    keys: Keys
    partitions: int = 1

    async def run(self, name: str, partition: int, args: Sequence[Argument], keys: Sequence[str] = ()) -> Any:
        """Run ``scripts/<name>.lua`` on a partition; its first key is the partition's stream, ``keys`` follow.

        Raises:
            StoreUnavailable: also when the outcome is unknown (a lost reply).
            StoreFull: the server is out of memory and the script writes new data.
        """
        with translated():
            return await self._run(script(name), (self.keys.events(partition), *keys), args)

    async def run_on(self, key: str, name: str, args: Sequence[Argument]) -> Any:
        """Like `run`, on one key that belongs to no partition."""
        with translated():
            return await self._run(script(name), (key,), args)

    async def _run(self, lua: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        try:
            return await self.client.execute_command("EVALSHA", lua.digest, len(keys), *keys, *args)
        except NoScriptError:
            # A restarted or failed-over server has no scripts; EVAL runs this one and keeps it.
            return await self.client.execute_command("EVAL", lua.source, len(keys), *keys, *args)
        except ReadOnlyError:
            await self.forget_connections()
            raise

    async def forget_connections(self) -> None:
        """Connect anew from now on: behind this address is another server by now, ours was made a replica."""
        if isinstance(self.client, Redis):
            await self.client.connection_pool.disconnect(inuse_connections=False)

    async def run_and_wait(
        self, name: str, partition: int, args: Sequence[Argument], wait: Sequence[Argument]
    ) -> tuple[Any, Any]:
        """Like `run`, with a WAIT or WAITAOF behind it on the same connection and in the same round trip.

        Returns:
            The script's result and the wait's.
        """
        lua = script(name)
        with translated():
            for _ in range(2):
                # WAIT covers the writes of its own connection, so both commands must travel together.
                pipe = self.client.pipeline(transaction=False)
                pipe.execute_command("EVALSHA", lua.digest, 1, self.keys.events(partition), *args)
                pipe.execute_command(*wait)
                result, waited = await pipe.execute(raise_on_error=False)
                if not isinstance(result, NoScriptError):
                    break
                await self.client.execute_command("SCRIPT LOAD", lua.source)
            for reply in (result, waited):
                if isinstance(reply, ReadOnlyError):
                    await self.forget_connections()
                if isinstance(reply, Exception):
                    raise reply
        return result, waited


def _sentinel(url: str, options: dict[str, Any]) -> tuple[Redis, list[Redis]]:
    parts = urlsplit(url)
    service, _, database = parts.path.lstrip("/").partition("/")
    if not service:
        raise ConfigurationError("REDIS_URL: redis+sentinel:// needs the service's name: host:port,host:port/name/db")
    login: dict[str, Any] = {"username": _decoded(parts.username), "password": _decoded(parts.password)}
    sentinels = [(host, int(port or 26379)) for host, port in _addresses(parts.netloc)]
    watcher = Sentinel(  # type: ignore[no-untyped-call]
        sentinels, sentinel_kwargs={"socket_timeout": options["socket_timeout"]}
    )
    master: Redis = watcher.master_for(
        service, db=int(database or 0), ssl=SENTINEL_SCHEMES[parts.scheme], **login, **options
    )
    return master, watcher.sentinels


def _cluster(url: str, options: dict[str, Any]) -> RedisCluster:
    parts = urlsplit(url)
    nodes = [ClusterNode(host, int(port or 6379)) for host, port in _addresses(parts.netloc)]
    return RedisCluster(
        startup_nodes=nodes,
        ssl=CLUSTER_SCHEMES[parts.scheme],
        username=_decoded(parts.username),
        password=_decoded(parts.password),
        **options,
    )


def _addresses(netloc: str) -> Iterator[tuple[str, str]]:
    for address in netloc.rpartition("@")[2].split(","):
        host, _, port = address.partition(":")
        yield host, port


def _decoded(part: str | None) -> str | None:
    return unquote(part) if part else None


def _connect(settings: Settings) -> tuple[Client, Sequence[Client]]:
    """The client, and those it works with behind the scenes and does not close."""
    url = settings.redis_url.get_secret_value()
    options: dict[str, Any] = {
        # Blocking reads must end before the socket's time-out does.
        "socket_timeout": settings.store_timeout_seconds + settings.poll_seconds,
        "socket_connect_timeout": settings.store_timeout_seconds,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
    }
    scheme = url.partition("://")[0]
    if settings.redis_ca_file is not None:
        if not scheme.startswith("rediss"):
            raise ConfigurationError("REDIS_CA_FILE is set, but REDIS_URL does not use TLS (rediss://)")
        options["ssl_ca_certs"] = str(settings.redis_ca_file)
    try:
        if scheme in SENTINEL_SCHEMES:
            return _sentinel(url, options)
        if scheme in CLUSTER_SCHEMES:
            return _cluster(url, options), ()
        return Redis.from_url(url, **options), ()
    except ValueError:
        # redis-py's own message repeats the URL, which may hold a password.
        raise ConfigurationError("REDIS_URL is not an address of the forms in docs/configuration.md") from None


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the store described by the settings. Connects on first use, so it also opens while the server is down.

    Raises:
        ConfigurationError: the URL is malformed, or the durability level is impossible with this kind of server.
    """
    client, companions = _connect(settings)
    if isinstance(client, RedisCluster) and settings.replicas_required:
        raise ConfigurationError("DURABILITY=replicas:N is not supported with redis+cluster://")
    try:
        yield Store(client, Keys(settings.redis_key_prefix), settings.partitions)
    finally:
        for connected in (client, *companions):
            await connected.aclose()
