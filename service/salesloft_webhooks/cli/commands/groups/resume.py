"""`groups resume`."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import GroupName
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.pausing import ByHand
    from salesloft_webhooks.settings import Settings


def resume(group: GroupName) -> None:
    """End a group's pause, by hand or by a handler. One that is declared in Kubernetes has to be ended there."""
    from salesloft_webhooks.broker.administration.pausing import resume_by_hand

    async def act(store: "Store", _: "Settings") -> "ByHand":
        await require_group(store, group)
        resumed = await resume_by_hand(store, group)
        await write_own_act(store, "resume", {"group": group})
        return resumed

    resumed = with_store(act)
    note(f"{group} takes events again" if resumed.changed else f"{group} was not paused")
    if by := resumed.declared_by:
        note(f"the operator will pause it again: ConsumerGroup {by} declares it; take `paused` out there")
