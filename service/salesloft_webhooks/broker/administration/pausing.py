"""Pausing and resuming a group by hand, beside what is declared in Kubernetes: for the command line and the console."""

from msgspec import Struct

from salesloft_webhooks.broker.administration.groups import pause, resume
from salesloft_webhooks.broker.administration.stored_pause import declared_pause
from salesloft_webhooks.broker.connection.store import Store


class ByHand(Struct, frozen=True):
    """What became of it.

    Attributes:
        changed: Whether the group is now as it was to be, and was not before.
        declared_by: The object of Kubernetes that declares the group's pause, ``namespace/name``; empty: none does.
    """

    changed: bool
    declared_by: str = ""


async def pause_by_hand(store: Store, group: str, *, seconds: float | None, reason: str) -> ByHand:
    """Let a group take nothing, for so many seconds or until it is resumed. A declared pause that ends later stays.

    Raises:
        StoreError: some partitions may be paused; repeat it.
    """
    declared = await declared_pause(store, group)
    by = declared.pause.declared_by if declared else ""
    if declared and seconds is not None and declared.lasts_longer(seconds):
        return ByHand(changed=False, declared_by=by)
    return ByHand(await pause(store, group, seconds=seconds, reason=" ".join(reason.split())), by)


async def resume_by_hand(store: Store, group: str) -> ByHand:
    """End a group's pause, whoever made it. One that is declared comes back until it is ended there.

    Raises:
        StoreError: some partitions may be resumed; repeat it.
    """
    declared = await declared_pause(store, group)
    return ByHand(await resume(store, group), declared.pause.declared_by if declared else "")
