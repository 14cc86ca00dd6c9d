"""`groups pause`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import GroupName
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.times import parse_span

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.settings import Settings


def pause(
    group: GroupName,
    *,
    span: Annotated[str, typer.Option("--for", help="Resume by itself after 90s, 15m, 2h...")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why: what `status` says to whoever wonders.")] = "",
) -> None:
    """Let a group take nothing; what its workers run already, they finish. Deliveries are still accepted.

    A pause that a ConsumerGroup of Kubernetes declares, and that ends later, is left as it is.
    """
    from salesloft_webhooks.broker.administration.groups import pause as pause_group
    from salesloft_webhooks.broker.administration.stored_pause import declared_pause

    seconds = parse_span(span).total_seconds() if span else None

    async def act(store: "Store", _: "Settings") -> str:
        await require_group(store, group)
        declared = await declared_pause(store, group)
        if declared and seconds is not None and declared.lasts_longer(seconds):
            return declared.pause.declared_by
        await pause_group(store, group, seconds=seconds, reason=" ".join(reason.split()))
        await write_own_act(store, "pause", {"group": group, "for": span})
        return ""

    if by := with_store(act):
        note(f"{group} is paused for longer than that already: by ConsumerGroup {by}")
        return
    note(f"{group} is paused {f'for {span}' if span else f'until `groups resume {group}`'}")
