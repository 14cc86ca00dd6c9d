"""The status of a `SalesloftSubscription`: from what a look has found to what the object shows; pure.

A status is also what the next leader remembers (`memory_of`): since when a key is the first one, since when everything
is there under it, which subscriptions the last list had. Times are rounded up: what is waited for from them on must not
end earlier for whoever reads them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from salesloft_webhooks.operator.conditions import with_condition
from salesloft_webhooks.operator.objects import Condition
from salesloft_webhooks.operator.times import seconds_time, unix_seconds
from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions import Desired, Memory, Plan, SigningKey
from salesloft_webhooks.subscriptions.plan import sort

SYNC_WRITTEN_SECONDS = 30.0
"""A status in which only the time of the last look is another one is written no more often than this."""


class Entry(Struct, frozen=True, kw_only=True):
    """One of our subscriptions. `key` is a fingerprint, `since` when it was first seen so."""

    id: int
    event: str
    enabled: bool
    key: str
    since: str


class SubscriptionStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """As it is written; what is None is not there. For the fields see the definition in the chart."""

    observed_generation: int | None = None
    summary: str | None = None
    rotation_phase: str | None = None
    key: str | None = None
    key_seen_at: str | None = None
    complete_since: str | None = None
    established: bool | None = None
    tenant_id: int | None = None
    last_sync_time: str | None = None
    subscriptions: tuple[Entry, ...] | None = None
    foreign: tuple[int, ...] | None = None
    conditions: tuple[Condition, ...] = ()

    def written(self) -> dict[str, Any]:
        """As a merge patch wants it: None where there is to be nothing."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def read_status(written: Mapping[str, Any]) -> SubscriptionStatus:
    """The status of an object; an empty one if there is none that can be read."""
    try:
        return msgspec.convert(dict(written), SubscriptionStatus)
    except msgspec.ValidationError:
        return SubscriptionStatus()


def memory_of(status: SubscriptionStatus) -> Memory:
    """What the plan before has remembered, as far as a status holds it."""
    try:
        return Memory(
            key=status.key or "",
            key_since=unix_seconds(status.key_seen_at) if status.key_seen_at else 0.0,
            complete_since=unix_seconds(status.complete_since) if status.complete_since else None,
            listed=None if status.subscriptions is None else frozenset(each.id for each in status.subscriptions),
            established=bool(status.established),
        )
    except ValueError:
        return Memory(established=bool(status.established))


def with_plan(
    before: SubscriptionStatus,
    made: Plan,
    desired: Desired,
    found: Sequence[Subscription],
    keys: Sequence[SigningKey],
    now: float,
) -> SubscriptionStatus:
    """The status after SalesLoft's list was had: everything but generation, team and conditions.

    Args:
        before: The status until now.
        made: What the plan says of the list.
        desired: What is wanted.
        found: The list.
        keys: Of the source; the first is to be used.
        now: When it was asked for, in Unix time.
    """
    memory = made.memory
    return replace(
        before,
        summary=f"{len(made.active)}/{len(desired.routes)}",
        rotation_phase=str(made.phase),
        key=memory.key or None,
        key_seen_at=_rounded_up(memory.key_since) if memory.key else None,
        complete_since=None if memory.complete_since is None else _rounded_up(memory.complete_since),
        established=memory.established,
        last_sync_time=seconds_time(now),
        subscriptions=_entries(before, desired, found, keys, seconds_time(now)),
        foreign=made.foreign,
    )


def with_conditions(
    before: SubscriptionStatus, new: Iterable[Condition], generation: int, now: float
) -> SubscriptionStatus:
    """The status with conditions said anew, of this generation."""
    conditions = before.conditions
    for each in new:
        conditions = with_condition(conditions, replace(each, observed_generation=generation), seconds_time(now))
    return replace(before, conditions=conditions, observed_generation=generation)


def has_news(before: SubscriptionStatus, after: SubscriptionStatus) -> bool:
    """Whether it is worth writing."""
    if replace(before, last_sync_time=None) != replace(after, last_sync_time=None):
        return True
    if before.last_sync_time is None or after.last_sync_time is None:
        return before.last_sync_time is not after.last_sync_time
    return unix_seconds(after.last_sync_time) - unix_seconds(before.last_sync_time) >= SYNC_WRITTEN_SECONDS


def _entries(
    before: SubscriptionStatus,
    desired: Desired,
    found: Sequence[Subscription],
    keys: Sequence[SigningKey],
    now: str,
) -> tuple[Entry, ...]:
    since = {(each.id, each.enabled, each.key): each.since for each in before.subscriptions or ()}
    entries = []
    for position, each in sort(desired, found, keys).all():
        key = keys[position].fingerprint
        first_seen = since.get((each.id, each.enabled, key), now)
        entry = Entry(id=each.id, event=each.event_type, enabled=each.enabled, key=key, since=first_seen)
        entries.append(entry)
    return tuple(sorted(entries, key=lambda entry: entry.id))


def _rounded_up(seconds: float) -> str:
    return seconds_time(math.ceil(seconds))
