"""Administration of groups: which there are, pausing, resuming and removing them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from salesloft_webhooks.broker.administration.stats import SILENCE_SECONDS, group_names
from salesloft_webhooks.broker.administration.stored_records import read_registration
from salesloft_webhooks.broker.connection.store import Store, translated

FORGOTTEN_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Registration:
    """How a group described itself when one of its workers last started.

    Attributes:
        group: Its name.
        events: Patterns of the event types it takes: what any version in force wants.
        ordering: ``none`` or ``entity``.
        handlers: Its routers, ``package.module:router``; empty for a built-in group.
        seen: When one of its workers last started; None when the group is removed and only dead letters are left.
    """

    group: str
    events: tuple[str, ...]
    ordering: str
    handlers: tuple[str, ...]
    seen: datetime | None


class Removal(StrEnum):
    """What became of the wish to remove a group."""

    REMOVED = "removed"
    """The group and all its keys are gone; events it had not handled stay in the stream for the others."""
    ACTIVE = "active"
    """Workers of the group are alive; nothing was changed."""
    UNKNOWN = "unknown"
    """There is no such group."""


async def registrations(store: Store) -> list[Registration]:
    """Every registered group, by name.

    Raises:
        StoreError: the store cannot be asked.
    """
    return [await registration(store, name) for name in sorted(await group_names(store))]


async def registration(store: Store, group: str) -> Registration:
    """One group's description; an unknown group yields one without ``seen``.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        fields: Any = await store.client.hgetall(store.keys.group(group))
        versions: Any = await store.client.zrange(store.keys.filters(0, group), 0, -1)
    listed, ordering, handlers, seen = read_registration(fields)
    in_force = {pattern for version in versions for pattern in version.decode().partition(" ")[0].split(",")}
    return Registration(
        group=group,
        events=tuple(sorted(in_force)) if in_force and in_force != set(listed) else listed,
        ordering=ordering,
        handlers=handlers,
        seen=seen,
    )


async def pause(store: Store, group: str, *, seconds: float | None = None, reason: str = "") -> bool:
    """Let a group take nothing, until it is resumed or ``seconds`` have passed. What runs already runs on.

    ``reason`` is one line for people: `status` shows it.

    Returns:
        False: there is no such group; nothing was changed.

    Raises:
        StoreError: some partitions may be paused; repeat it.
    """
    if group not in await group_names(store):
        return False
    until = 0 if seconds is None else max(1, int(seconds * 1_000))
    for partition in range(store.partitions):
        await store.run("pause", partition, [group, "manual", until, reason])
    return True


async def resume(store: Store, group: str) -> bool:
    """End a pause, whoever made it.

    Returns:
        False: the group was not paused.

    Raises:
        StoreError: some partitions may be resumed; repeat it.
    """
    ended = 0
    for partition in range(store.partitions):
        with translated():
            ended += await store.client.delete(store.keys.pause(partition, group))
    return ended > 0


async def active_consumers(store: Store, group: str, *, silence_seconds: float = SILENCE_SECONDS) -> list[str]:
    """Names of the group's workers that seem to be alive: they hold a lease, or have asked for work lately.

    Raises:
        StoreError: the store cannot be asked.
    """
    names: set[str] = set()
    for partition in range(store.partitions):
        found = await store.run("active", partition, [group, int(silence_seconds * 1_000)])
        names.update(name.decode() for name in found)
    return sorted(names)


async def remove(store: Store, group: str, *, force: bool = False, discard_dead: bool = False) -> Removal:
    """Remove a group with everything it has, but for its dead letters.

    Its unfinished events are not handled by it any more; other groups are untouched. A worker that still runs brings
    the group back, from the first entry that is still in the stream.

    Args:
        store: Where.
        group: Which.
        force: Also while its workers seem to be alive.
        discard_dead: Its dead letters, too. Kept ones stay listed, and can be redriven once the group exists again.

    Raises:
        StoreError: it may be removed in part; repeat it.
    """
    if not force and await active_consumers(store, group):
        return Removal.ACTIVE
    found = group in await group_names(store)
    for partition in range(store.partitions):
        found = await _remove_from(store, partition, group, discard_dead=discard_dead) or found
    if not found:
        return Removal.UNKNOWN
    with translated():
        await store.client.delete(store.keys.group(group))
    await forget_if_empty(store, group)
    return Removal.REMOVED


async def forget_if_empty(store: Store, group: str) -> None:
    """Drop the name of a removed group once its last dead letter is gone, too.

    Raises:
        StoreError: the name stays listed until it is tried again.
    """
    if (await registration(store, group)).seen is None and not await _has_dead_letters(store, group):
        with translated():
            await store.client.srem(store.keys.groups, group)


async def _remove_from(store: Store, partition: int, group: str, *, discard_dead: bool) -> bool:
    args = [group, "discard" if discard_dead else "keep", FORGOTTEN_AT_ONCE]
    state = b"more"
    while state == b"more":
        state = await store.run("remove_group", partition, args)
    return bool(state == b"removed")


async def _has_dead_letters(store: Store, group: str) -> bool:
    for partition in range(store.partitions):
        with translated():
            if await store.client.xlen(store.keys.dead(partition, group)):
                return True
    return False
