"""What a consumer does for its group as a whole: make it known and keep it so, pause it, end what has waited too long.

No event waits for any of it.
"""

import time

from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.group_limits import GroupLimits
from salesloft_webhooks.broker.group_options import GroupOptions
from salesloft_webhooks.broker.handler_limits import HandlerLimits
from salesloft_webhooks.broker.keys import NOBODY
from salesloft_webhooks.broker.records import REGISTRATION_FIELDS, RESERVED_GROUP_NAMES
from salesloft_webhooks.broker.store_format import NEWEST, SEALED
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.event_patterns import RULE, is_pattern
from salesloft_webhooks.follow_ups import is_task_type

MAX_BATCH = 500
"""Entries or outcomes in one script call: Lua's ``unpack`` and the time a server may be busy set the limit."""

LONGEST_SECONDS = 366 * 86_400
"""Longest delay or pause; far below `PARKED_SCORE`."""


class GroupMaintenance:
    """The part of `Group` that is about no single event.

    Attributes:
        options: What the group is.
        consumer: This consumer's name.
        limits: What limits the group, as this consumer knows it.
        handler_limits: What limits its handlers.
    """

    def __init__(self, store: Store, options: GroupOptions, consumer: str) -> None:
        if options.name in RESERVED_GROUP_NAMES:
            raise ConfigurationError("WORKER_GROUP: a reserved name")
        if ":" in options.name:
            raise ConfigurationError(
                "WORKER_GROUP: no colon may stand in a group's name: fields of records are named so"
            )
        if consumer == NOBODY:
            raise ConfigurationError(f"{NOBODY!r} is not a consumer name")
        named = [each for each in options.handled or () if not is_task_type(each)]
        if not all(map(is_pattern, (*options.events, *named))):
            raise ConfigurationError(f"group {options.name}: not every filter is an event pattern: {RULE}")
        self.options = options
        self.consumer = consumer
        self.limits = GroupLimits(store, options, consumer)
        self.handler_limits = HandlerLimits(store, options)
        self._store = store

    async def register(self, *, refresh: bool = False) -> None:
        """Make the group known, in every partition from the first entry on, and describe it for `status`.

        With ``refresh`` a description that is there stays as it is: the worker that started last wrote it.
        """
        await self._make_known()
        options, keys = self.options, self._store.keys
        await self._store.run_on(keys.groups, "enlist", [options.name])
        described: list[Argument] = [
            ",".join(options.events),
            options.ordering.value,
            ",".join(options.handlers),
            int(time.time() * 1000),
        ]
        fields = [word for pair in zip(REGISTRATION_FIELDS, described, strict=True) for word in pair]
        await self._store.run_on(keys.group(options.name), "describe", ["refresh" if refresh else "start", *fields])
        await self.limits.declare(refresh=refresh)
        if options.handler_limits or not refresh:
            await self.handler_limits.declare(options.handler_limits, refresh=refresh)

    async def beat(self) -> tuple[set[int], dict[int, float]]:
        """Keep the group known and its version in force.

        Returns:
            The partitions in which entries wait for a handler, and by partition the seconds until a follow-up is due.
        """
        known = await self._make_known()
        if any(made for made, *_ in known):  # a server has lost its data
            await self.register(refresh=True)
        due = {partition: due_ms / 1_000 for partition, (_, _, due_ms) in enumerate(known) if due_ms >= 0}
        return {partition for partition, (_, unhandled, _) in enumerate(known) if unhandled}, due

    async def _make_known(self) -> list[tuple[int, int, int]]:
        grace = milliseconds(self.options.no_handler_seconds)
        reads = NEWEST if self._store.body_keys is None else SEALED
        args: list[Argument] = [self.options.name, self.options.version, grace, self.consumer, reads]
        known = []
        for partition in range(self._store.partitions):
            # What limits the group goes from partition to partition with each heartbeat, whoever serves which.
            *found, limits = await self._store.run("register", partition, [*args, self.limits.in_force.stored])
            self.limits.learn(limits.decode())
            known.append(tuple(found))
        return known

    async def expire_unhandled(self, partition: int) -> list[str]:
        """Turn entries that have waited too long for a handler into dead letters; the event type of each.

        Raises:
            StoreError: ask again later.
        """
        options, wait_ms = self.options, milliseconds(self.options.no_handler_seconds)
        args: list[Argument] = [options.name, options.idempotency_ttl_seconds, wait_ms, MAX_BATCH]
        died: list[bytes] = await self._store.run("expire_unhandled", partition, args)
        return [event_type.decode() for event_type in died]

    async def pause(self, seconds: float, reason: str = "") -> None:
        """Let the whole group take nothing for a while (circuit breaker). A pause by hand stays untouched.

        ``reason`` is one line for people: `status` shows it.
        """
        args: list[Argument] = [self.options.name, "breaker", max(1, milliseconds(seconds)), reason]
        for partition in range(self._store.partitions):
            await self._store.run("pause", partition, args)

    async def retire(self, *, idle_seconds: float = 3600.0, leaving: bool = False) -> int:
        """Remove consumers that hold nothing and have been silent for a while; ``leaving``: and this one at once."""
        name = self.consumer if leaving else ""
        removed = 0
        for partition in range(self._store.partitions):
            removed += await self._store.run("retire", partition, [self.options.name, milliseconds(idle_seconds), name])
        return removed


def milliseconds(seconds: float) -> int:
    """A duration as the scripts take it, at least 0 and at most `LONGEST_SECONDS`."""
    # Handlers choose delays: infinity and NaN (which is not below anything) must not kill the settler.
    return int(max(seconds, 0.0) * 1000) if seconds < LONGEST_SECONDS else LONGEST_SECONDS * 1000
