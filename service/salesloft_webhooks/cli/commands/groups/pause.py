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
    from salesloft_webhooks.broker.administration.pausing import ByHand
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
    from salesloft_webhooks.broker.administration.pausing import pause_by_hand

    seconds = parse_span(span).total_seconds() if span else None

    async def act(store: "Store", _: "Settings") -> "ByHand":
        await require_group(store, group)
        paused = await pause_by_hand(store, group, seconds=seconds, reason=reason)
        if paused.changed:
            await write_own_act(store, "pause", {"group": group, "for": span})
        return paused

    paused = with_store(act)
    if not paused.changed:
        note(f"{group} is paused for longer than that already: by ConsumerGroup {paused.declared_by}")
        return
    note(f"{group} is paused {f'for {span}' if span else f'until `groups resume {group}`'}")
