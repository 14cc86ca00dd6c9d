"""`groups resume`."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import GroupName
from salesloft_webhooks.cli.store_access import with_store

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.settings import Settings


def resume(group: GroupName) -> None:
    """End a group's pause, by hand or by a handler."""
    from salesloft_webhooks.broker.administration.groups import resume as resume_group

    async def act(store: "Store", _: "Settings") -> bool:
        await require_group(store, group)
        return await resume_group(store, group)

    note(f"{group} takes events again" if with_store(act) else f"{group} was not paused")
