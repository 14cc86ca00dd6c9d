"""Lanes as people look at them: which of one entity's events waits for which, in each group that keeps their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from salesloft_webhooks.broker.administration.history import EventInGroup, states_of
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.masked_text import masked_text

LOOKED_AT = 20
"""Of each lane: a few commands each, and nobody reads more."""


@dataclass(frozen=True, slots=True)
class InLane:
    """An entry in a lane.

    Attributes:
        event_id: Its event; empty when the entry was deleted by hand.
        event_type: Of the event.
        standing: Where it stands in the lane's group.
        error: Why its last attempt failed, without personal data; empty: none has.
    """

    event_id: str
    event_type: str
    standing: EventInGroup
    error: str


@dataclass(frozen=True, slots=True)
class LaneView:
    """What of one entity is not finished in one group. The first runs, or is what all others wait for.

    Attributes:
        group: Which.
        waiting: How many entries are in it.
        first: The first of them, `LOOKED_AT` at the most, in their order.
    """

    group: str
    waiting: int
    first: tuple[InLane, ...]


async def lanes_of(store: Store, entity_key: str) -> tuple[LaneView, ...]:
    """The lanes of an entity, by group; none where nothing of it waits or runs, or the group keeps no order.

    After a raise of the number of partitions an entity may have two in one group: the earlier one goes first.

    Raises:
        StoreError: the store cannot be asked.
    """
    found = []
    for partition in range(store.partitions):
        now, lanes = await store.run("lanes", partition, [entity_key, LOOKED_AT])
        found += [_view(now, *lane) for lane in lanes]
    return tuple(sorted(found, key=lambda lane: lane.group))


def _view(now: int, name: bytes, waiting: int, rows: Sequence[Sequence[Any]]) -> LaneView:
    return LaneView(name.decode(), waiting, tuple(_entry(now, *row) for row in rows))


def _entry(now: int, _: bytes, event_id: bytes, event_type: bytes, error: bytes, row: Sequence[Any]) -> InLane:
    (standing,) = states_of(now, {}, [row], None, {})
    shown = masked_text(error.decode(errors="replace"))
    return InLane(event_id.decode(errors="replace"), event_type.decode(errors="replace"), standing, shown)
