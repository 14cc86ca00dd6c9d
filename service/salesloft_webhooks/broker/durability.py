"""What the server's configuration promises, held against the configured durability level.

Levels (setting ``DURABILITY``): ``memory`` - the server has it; ``fsync`` - its append-only file has it on disk, by
``appendfsync always`` or by WAITAOF after each batch; ``replicas:N`` - N replicas have it, by WAIT after each batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from redis.asyncio import RedisCluster
from redis.exceptions import ResponseError

from salesloft_webhooks.broker.connection.store import Argument, Store, translated
from salesloft_webhooks.broker.scripts import script
from salesloft_webhooks.settings import Settings

NOT_ALWAYS = (
    "DURABILITY=fsync waits for WAITAOF here: set appendfsync always. Redis 8 confirms once a second; Valkey up to 9.1 "
    "and Redis 7.4 confirm before the disk has it, so a power cut may lose a second of accepted events"
)
"""Measured: docs/decisions/0003. Also true where CONFIG is forbidden, and the policy unknown."""


@dataclass(frozen=True, slots=True)
class Durability:
    """Whether and how the promised level is kept.

    Attributes:
        wait: Command to send behind every batch, on its connection; None when the write itself is enough.
        required: Confirmations the command must report.
        problem: Why the promise cannot be kept: nothing may be acknowledged. None when it can.
        weaknesses: What an operator should know although the promise, as configured, is kept.
        tells_history: Whether the server says which history of writes it has, so that commits may overlap.
    """

    wait: tuple[Argument, ...] | None = None
    required: int = 0
    problem: str | None = None
    weaknesses: tuple[str, ...] = ()
    tells_history: bool = True

    def wait_after(self, name: str) -> tuple[Argument, ...] | None:
        """What to wait for behind a script of that name; nothing behind one that only reads."""
        return self.wait if script(name).writes else None

    @property
    def faults(self) -> tuple[str, ...]:
        """The problem, if there is one, and the weaknesses."""
        return (self.problem, *self.weaknesses) if self.problem else self.weaknesses


async def examine(store: Store, settings: Settings) -> Durability:
    """Ask the server how it persists and evicts; of a cluster's servers the one that keeps least by itself is reported.

    Where one needs a wait, all are waited for: commits are not told apart by the server that has them.

    Raises:
        StoreUnavailable: one does not answer.
    """
    with translated():
        verdicts = [await _examine(store, settings, target) for target in await _targets(store)]
    return min(verdicts, key=lambda verdict: (not verdict.problem, not verdict.wait))


async def _targets(store: Store) -> list[dict[str, Any]]:
    """What to add to a command so that it reaches each server that holds data."""
    if not isinstance(store.client, RedisCluster):
        return [{}]
    await store.client.initialize()
    return [{"target_nodes": node} for node in store.client.get_primaries()]


async def _examine(store: Store, settings: Settings, target: dict[str, Any]) -> Durability:
    info: Mapping[str, Any] = await store.client.info(**target)
    configuration = await _configuration(store, target)
    weaknesses = tuple(_weaknesses(info, configuration))
    if info.get("role") == "slave" and not target:
        await store.forget_connections()
        return Durability(problem="the server is a read-only replica", weaknesses=weaknesses)
    if refused := _refusal(info, configuration):
        return Durability(problem=refused, weaknesses=weaknesses)
    verdict = await _keeping(store, settings, target, info, configuration)
    weaknesses += verdict.weaknesses
    return replace(verdict, weaknesses=weaknesses, tells_history="master_replid" in info)


async def _keeping(
    store: Store, settings: Settings, target: dict[str, Any], info: Mapping[str, Any], configuration: Mapping[str, str]
) -> Durability:
    """How the promised level is kept, beside what is said of every server."""
    timeout_ms = int(settings.store_timeout_seconds * 1000)
    if settings.durability == "fsync":
        has_waitaof = _known(await store.client.execute_command("COMMAND INFO", "WAITAOF", **target))
        return _fsync(info, configuration, has_waitaof=has_waitaof, timeout_ms=timeout_ms)
    if needed := settings.replicas_required:
        connected = int(info.get("connected_slaves", 0))
        problem = None if connected >= needed else f"DURABILITY asks for {needed} replicas, {connected} are connected"
        return Durability(("WAIT", needed, timeout_ms), needed, problem)
    return Durability()


def _fsync(
    info: Mapping[str, Any], configuration: Mapping[str, str], *, has_waitaof: bool, timeout_ms: int
) -> Durability:
    if not int(info.get("aof_enabled", 0)):
        problem = "DURABILITY asks for fsync, but the server keeps no append-only file (appendonly no)"
        return Durability(problem=problem)
    if configuration.get("appendfsync") == "always":
        return Durability()
    if has_waitaof:
        return Durability(("WAITAOF", 1, 0, timeout_ms), 1, weaknesses=(NOT_ALWAYS,))
    return Durability(problem="DURABILITY asks for fsync: set appendfsync always (WAITAOF cannot be used here)")


def _refusal(info: Mapping[str, Any], configuration: Mapping[str, str]) -> str | None:
    """Why the server answers every write with MISCONF; it goes on answering reads, so nothing else would tell."""
    if info.get("aof_last_write_status", "ok") != "ok":
        return "the server cannot write its append-only file and refuses writes (is its disk full?)"
    snapshots = configuration.get("save") and configuration.get("stop-writes-on-bgsave-error") == "yes"
    if snapshots and info.get("rdb_last_bgsave_status", "ok") != "ok":
        return "the server cannot save snapshots and refuses writes (is its disk full?)"
    return None


def _weaknesses(info: Mapping[str, Any], configuration: Mapping[str, str]) -> list[str]:
    found = []
    if not int(info.get("aof_enabled", 0)):
        saves = configuration.get("save")
        how = "nothing" if saves == "" else "at most snapshots"
        found.append(f"the server persists {how}: a crash loses accepted events (appendonly no)")
    if info.get("aof_last_bgrewrite_status", "ok") != "ok":
        # The log grows until a rewrite succeeds. A rewrite needs most room, so it is the first to find too little.
        found.append("the server could not rewrite its append-only file: it grows on (is its disk nearly full?)")
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        found.append(f"maxmemory-policy is {policy}: a full server evicts accepted events (want noeviction)")
    return found


async def _configuration(store: Store, target: dict[str, Any]) -> Mapping[str, str]:
    """What the examination looks at; empty where a managed service forbids CONFIG."""
    try:
        reply = await store.client.config_get("appendfsync", "save", "stop-writes-on-bgsave-error", **target)
    except ResponseError:
        return {}
    return {_text(name): _text(value) for name, value in reply.items()}


def _known(commands: Any) -> bool:
    """Whether COMMAND INFO described the command; redis-py gives a list, or a mapping without it, by version."""
    return bool(commands and any(commands.values() if isinstance(commands, Mapping) else commands))


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def least(confirmed: int | list[int]) -> int:
    """Confirmations of WAIT (a number) or WAITAOF (local and replicas: the local one counts)."""
    return confirmed[0] if isinstance(confirmed, list) else confirmed
