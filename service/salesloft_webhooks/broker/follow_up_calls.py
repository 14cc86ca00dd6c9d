"""The three scripts of follow-ups, as they are called for one group: asked for, ended, and begun or moved."""

from collections.abc import Iterable, Sequence
from typing import Any

from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.group_maintenance import milliseconds
from salesloft_webhooks.broker.group_options import GroupOptions
from salesloft_webhooks.broker.lease import FollowUpAct, Lease
from salesloft_webhooks.errors import StoreFull, StoreUnavailable

BEGUN_AT_ONCE = 50
"""In one call, at the most; of large ones fewer (``begin_later.lua``)."""
STALE = "another number of partitions is in force, of which this process has not heard yet"


class FollowUpCalls:
    """One call each, in one partition.

    Args:
        store: Where.
        options: Of the group.
        memory_share: Of what the server may use that may be used with follow-ups.
    """

    def __init__(self, store: Store, options: GroupOptions, memory_share: float) -> None:
        self._store = store
        self._options = options
        self._memory_share = memory_share

    async def _ask(self, way: str, lease: Lease, act: FollowUpAct) -> tuple[bool, float | None]:
        options, delay = self._options, milliseconds(act.delay_seconds)
        args: list[Argument] = [options.name, options.idempotency_ttl_seconds, str(self._memory_share), way]
        head, body = (act.head, act.body) if way == "ask" else (b"", b"")
        args += [act.follow_up, act.subject, lease.event.event_id, delay, head, body, self._store.partitions]
        args.append(self._store.max_bytes)
        state, next_ms = await self._store.run("ask_later", lease.partition, args)
        if state == b"stale":
            raise StoreUnavailable(STALE)
        if state == b"full":
            raise StoreFull("follow-ups are taken as long as the rest of the memory is enough for deliveries")
        return state == b"waiting", next_ms / 1_000 if next_ms >= 0 else None

    async def _end(
        self, partition: int, state: str, subject: str, *, kept: str = "", own: str = "", ids: Iterable[str] = ()
    ) -> dict[str, bytes]:
        """By id what became of those that were not over before."""
        options = self._options
        args: list[Argument] = [options.name, options.idempotency_ttl_seconds, state, subject, kept, own]
        reply = await self._store.run("end_later", partition, [*args, self._store.partitions, *ids])
        if reply == b"stale":
            raise StoreUnavailable(STALE)
        results = {name.decode(): result for name, result in zip(reply[::2], reply[1::2], strict=True)}
        return {name: result for name, result in results.items() if result != b"none"}

    async def _begin_later(
        self, partition: int, words: Sequence[Argument], at_most: int = BEGUN_AT_ONCE, ahead: float = 0.0
    ) -> tuple[Any, Any, Any]:
        options = self._options
        args: list[Argument] = [options.name, options.idempotency_ttl_seconds, self._store.partitions, at_most]
        args += [milliseconds(ahead), *words]
        state, next_ms, found = await self._store.run("begin_later", partition, args)
        return state, next_ms, found
