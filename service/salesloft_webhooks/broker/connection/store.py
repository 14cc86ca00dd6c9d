"""The connection to Redis or Valkey, and the only place where redis-py's errors become ours.

The client never repeats a command by itself (redis-py would, ten times, after a lost reply): whether a repeat is safe
is for each caller to know. `Publisher` repeats because deduplication makes it safe, `Group.take` because its calls are
numbered.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    TryAgainError,
)

from salesloft_webhooks.broker.body_encryption import BodyKeys
from salesloft_webhooks.broker.connection.clients import Client, make_client
from salesloft_webhooks.broker.connection.cluster_nodes import ELSEWHERE, on_node, relearn_who_serves
from salesloft_webhooks.broker.connection.error_words import words
from salesloft_webhooks.broker.connection.history import REPLICATION, Written, history_in
from salesloft_webhooks.broker.connection.line import Line
from salesloft_webhooks.broker.connection.switchboard import Switchboard
from salesloft_webhooks.broker.keys import Keys
from salesloft_webhooks.broker.layout import EarlierLayout
from salesloft_webhooks.broker.scripts import Script, script
from salesloft_webhooks.errors import StoreFull, StoreUnavailable
from salesloft_webhooks.settings import Settings

Argument = str | bytes | int | float
HOT = frozenset({"publish", "reserve", "take", "settle", "extend", "permits"})
"""The scripts of every event (`permits`: of limited groups), which share a line (`line.py`); the rest is redis-py's."""
_NOT_HERE = (AskError, ClusterDownError, MovedError, TryAgainError)
"""Refusals of a cluster's node that redis-py follows to where the slot is; nothing was done."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn redis-py's and the socket's errors into `StoreFull` or `StoreUnavailable`.

    Messages name the kind of failure and the server's own error text, never an address (`failures`).
    """
    try:
        yield
    except OutOfMemoryError as exc:
        raise StoreFull(words(exc)) from exc
    except (RedisError, RedisClusterException, OSError, TimeoutError) as exc:  # the second is no RedisError
        raise StoreUnavailable(words(exc)) from exc


@dataclass(slots=True, eq=False)
class Store:
    """One process's access to the store: the client, the key names and the scripts.

    Attributes:
        client: redis-py's client; replies are bytes. Wrap its use in `translated`.
        keys: Names of all keys.
        partitions: Number of streams; the setting's until the store was asked, then the store's (`partition_count`).
        earlier: The numbers before it.
        asked: Whether the store was asked for both.
        body_keys: What opens bodies; None: they are shown as they are.
        seals: Whether they seal what is stored, too.
        max_bytes: What each server may use beside its ``maxmemory``; 0: that alone counts.
        lines: For the scripts in `HOT`.
    """

    client: Client
    keys: Keys
    partitions: int = 1
    earlier: tuple[EarlierLayout, ...] = ()
    asked: bool = False
    body_keys: BodyKeys | None = None
    seals: bool = True
    max_bytes: int = 0
    lines: Switchboard = field(init=False)

    def __post_init__(self) -> None:
        self.lines = Switchboard(self.client)

    @property
    def sealing_keys(self) -> BodyKeys | None:
        """What seals the bodies that are stored; None: they are stored as they are."""
        return self.body_keys if self.seals else None

    @property
    def first_partitions(self) -> int:
        """The number this installation began with, for what must never move: no raise changes it."""
        return min((layout.partitions for layout in self.earlier), default=self.partitions)

    async def run(self, name: str, partition: int, args: Sequence[Argument], keys: Sequence[str] = ()) -> Any:
        """Run ``scripts/<name>.lua`` on a partition; its first key is the partition's stream, ``keys`` follow.

        Raises:
            StoreUnavailable: also when the outcome is unknown (a lost reply).
            StoreFull: the server is out of memory and the script writes new data.
        """
        run = self._run_on_line if name in HOT else self._run
        with translated():
            return await run(script(name), (self.keys.events(partition), *keys), args)

    async def run_apart(self, name: str, partition: int, args: Sequence[Argument]) -> Any:
        """Like `run`, on a connection that nobody else uses meanwhile: only this call can be what breaks it."""
        with translated():
            return await self._run(script(name), (self.keys.events(partition),), args)

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

    async def _run_on_line(self, lua: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        line = self.lines.ready(keys[0]) or await self._opened(keys[0])
        try:
            return await _call(line, lua, keys, args)
        except _NOT_HERE:
            return await self._run(lua, keys, args)
        except RedisError as exc:
            await self._learn_from(exc, line, keys[0])
            raise

    async def _opened(self, key: str) -> Line:
        try:
            return await self.lines.open(key)
        except ELSEWHERE:
            await relearn_who_serves(self.client, key)  # nobody there: the cluster may have found another one meanwhile
            raise

    async def _learn_from(self, error: RedisError, line: Line, key: str) -> None:
        """Connect elsewhere, or anew, the next time, if that is what an error says."""
        if isinstance(error, ReadOnlyError):
            await self.forget_connections()
        elif isinstance(error, AuthenticationError):
            line.retire()
        elif isinstance(error, ELSEWHERE):
            await relearn_who_serves(self.client, key)

    def line(self, partition: int) -> Line | None:
        """The connection that `run_in_history` would use at once; None: it would have to connect."""
        return self.lines.ready(self.keys.events(partition))

    async def forget_connections(self) -> None:
        """Connect anew from now on: behind this address is another server by now, ours was made a replica."""
        self.lines.retire()
        if isinstance(self.client, Redis):
            await self.client.connection_pool.disconnect(inuse_connections=False)

    async def run_in_history(self, name: str, partition: int, args: Sequence[Argument]) -> Written:
        """Like `run`, and say to which history of writes. A cluster's node that refuses is not followed: it raises."""
        lua, key = script(name), self.keys.events(partition)
        with translated():
            line = self.lines.ready(key) or await self._opened(key)
            try:
                result, about = await _together_on(line, ("EVALSHA", lua.digest, 1, key, *args), REPLICATION)
                if isinstance(result, NoScriptError):
                    result, about = await _together_on(line, ("EVAL", lua.source, 1, key, *args), REPLICATION)
                for reply in (result, about):
                    if isinstance(reply, Exception):
                        raise reply
            except RedisError as exc:
                await self._learn_from(exc, line, key)
                raise
        return Written(result, history_in(about), line)

    async def run_and_wait(
        self, name: str, partition: int, args: Sequence[Argument], wait: Sequence[Argument]
    ) -> tuple[Any, Any, str]:
        """Like `run`, with a WAIT or WAITAOF behind it on the same connection and in the same round trip.

        Returns:
            The script's result, the wait's, and which history of writes the server has behind the wait.
        """
        lua = script(name)
        key = self.keys.events(partition)
        behind = (wait, (" ".join(REPLICATION),))  # as one word, or redis-py would make it a dictionary
        with translated():
            replies = await self._together(key, ("EVALSHA", lua.digest, 1, key, *args), *behind)
            if isinstance(replies[0], NoScriptError):
                # The wait covered nothing; all is sent again with the whole script, which the server keeps.
                replies = await self._together(key, ("EVAL", lua.source, 1, key, *args), *behind)
            for reply in replies:
                if isinstance(reply, ReadOnlyError):
                    await self.forget_connections()
                if isinstance(reply, Exception):
                    raise reply
        result, waited, about = replies
        return result, waited, history_in(about)

    async def _together(self, key: str, *commands: Sequence[Argument]) -> list[Any]:
        """Send commands on one connection to the server of a key; errors are among the replies.

        WAIT and WAITAOF are about the writes of their own connection, so it must be the same one.
        """
        if isinstance(self.client, Redis):
            pipe = self.client.pipeline(transaction=False)
            for command in commands:
                pipe.execute_command(*command)
            return await pipe.execute(raise_on_error=False)
        return await on_node(self.client, key, commands)


async def _call(line: Line, lua: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
    try:
        return await line.call("EVALSHA", lua.digest, len(keys), *keys, *args)
    except NoScriptError:
        return await line.call("EVAL", lua.source, len(keys), *keys, *args)


async def _together_on(line: Line, *commands: Sequence[Argument]) -> list[Any]:
    """Send commands on one line; errors are among the replies."""
    return await asyncio.gather(*[line.call(*command) for command in commands], return_exceptions=True)


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the store described by the settings. Connects on first use, so it also opens while the server is down.

    Raises:
        ConfigurationError: the URL is malformed, settings contradict each other, or a file cannot be used.
    """
    body_keys = BodyKeys(settings.body_key_file) if settings.body_key_file else None
    client, companions = make_client(settings)
    store = Store(client, Keys(settings.redis_key_prefix), settings.partitions, body_keys=body_keys)
    store.seals, store.max_bytes = settings.encrypt_bodies, settings.store_max_bytes
    try:
        yield store
    finally:
        await store.lines.close()
        for connected in (client, *companions):
            await connected.aclose()
