"""Limiting a group by hand or by a declaration, and who limits it to what."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.group_limits import PLACE, set_limits
from salesloft_webhooks.limits import SOURCES, Limits, LimitsInForce, SaidLimits


class StoredLimits(Struct, frozen=True):
    """What limits a group, and who says so.

    Attributes:
        in_force: What holds; `Limits()`: nothing.
        said: What is said, by source; of those that have ever said something.
    """

    in_force: Limits
    said: Mapping[str, SaidLimits]

    @property
    def lines(self) -> list[str]:
        """For people: what each source says, the one that is believed first."""
        return [f"{said.text} ({SOURCES[source]}{said.by})" for source, said in self.said.items() if said.text]


async def stored_limits(store: Store, group: str) -> StoredLimits:
    """What limits a group.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        stored: Any = await store.client.hget(store.keys.clock(PLACE, group), "limits")
    found = LimitsInForce.read((stored or b"").decode(errors="replace"))
    return StoredLimits(found.limits, found.said)


async def limit_by_hand(store: Store, group: str, said: SaidLimits, *, anew: bool = False) -> Limits:
    """Limit a group, whatever its authors or a declaration say.

    Args:
        store: Where.
        group: Which.
        said: What is said; nothing of one of the two: that stays as it was said by hand before.
        anew: Else it is said no more.

    Returns:
        What holds now.

    Raises:
        StoreError: it may hold all the same; repeat it.
    """
    return (await set_limits(store, group, "hand", said, beside="" if anew else "further")).limits


async def forget_limits(store: Store, group: str, source: str = "hand") -> Limits:
    """Let what others say of a group's limits hold again; what holds then.

    Args:
        store: Where.
        group: Which.
        source: Who says nothing any more: ``hand``, or ``declared``, where no operator would declare it again.

    Raises:
        StoreError: it may hold all the same; repeat it.
    """
    return (await set_limits(store, group, source, SaidLimits())).limits
