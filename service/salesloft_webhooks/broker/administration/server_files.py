"""Having the store's servers write their files anew, from what they have in memory now.

An append-only file has every write since it was last rewritten, and a snapshot what there was when it was taken: what
was erased stands in both until they are made again.
"""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redis.asyncio import RedisCluster

from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.errors import StoreError

POLL_SECONDS = 0.2


class FilesRewritten(StrEnum):
    """What became of the wish to have the files of a server made again."""

    DONE = "done"
    """They have nothing of what was erased before."""
    NONE = "none"
    """It keeps no files: no append-only file, and no snapshot was ever taken of this data."""
    REFUSED = "refused"
    """This user, or this service, may not ask for it: see to it that they are made again."""
    UNFINISHED = "unfinished"
    """It has begun, or another one was under way, and has not ended in time: look at it later."""


async def rewrite_files(store: Store, *, patience_seconds: float) -> tuple[FilesRewritten, ...]:
    """Have every server that takes our writes make its files again; one answer a server. Replicas have their own.

    Raises:
        StoreError: a server cannot be asked.
    """
    client: Any = store.client
    nodes = client.get_primaries() if isinstance(client, RedisCluster) else [None]
    return tuple([await _rewrite(client, {"target_nodes": node} if node else {}, patience_seconds) for node in nodes])


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of file: how to ask for a new one, and how the server says in INFO how far that is."""

    command: tuple[str, ...]
    running: str
    count: str


_APPENDED = _Kind(("BGREWRITEAOF",), "aof_rewrite", "aof_rewrites")
_SNAPSHOT = _Kind(("BGSAVE", "SCHEDULE"), "rdb_bgsave", "rdb_saves")


async def _rewrite(client: Any, where: dict[str, Any], patience_seconds: float) -> FilesRewritten:
    deadline = time.monotonic() + patience_seconds
    about = await _persistence(client, where)
    kinds = [_APPENDED] if about["aof_enabled"] else []
    if about["rdb_saves"] or about["rdb_last_load_keys_loaded"]:
        kinds.append(_SNAPSHOT)
    for kind in kinds:
        # One that was under way already would count for ours, and has what was erased since it began.
        begun = await _until_at_rest(client, where, kind, deadline)
        if begun is None:
            return FilesRewritten.UNFINISHED
        try:
            with translated():
                await client.execute_command(*kind.command, **where)
        except StoreError:
            return FilesRewritten.REFUSED
        if await _until_at_rest(client, where, kind, deadline, more_than=begun) is None:
            return FilesRewritten.UNFINISHED
    return FilesRewritten.DONE if kinds else FilesRewritten.NONE


async def _until_at_rest(
    client: Any, where: dict[str, Any], kind: _Kind, deadline: float, *, more_than: int = -1
) -> int | None:
    """How many such files were made, once none is being made and there are more than so many; None: not in time."""
    while True:
        about = await _persistence(client, where)
        busy = about[f"{kind.running}_in_progress"] or about.get(f"{kind.running}_scheduled", 0)
        if not busy and about[kind.count] > more_than:
            return int(about[kind.count])
        if time.monotonic() > deadline:
            return None
        await asyncio.sleep(POLL_SECONDS)


async def _persistence(client: Any, where: dict[str, Any]) -> dict[str, Any]:
    with translated():
        found: dict[str, Any] = await client.info("persistence", **where)
    return found
