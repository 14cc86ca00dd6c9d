"""`groups limit --handler`: what limits one handler of a group."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.limits import SaidLimits


async def limit_handler(store: "Store", group: str, handler: str, chosen: "SaidLimits", forgotten: str) -> str:
    """Limit it by hand, or forget what was said by hand or declared; what holds now, for people.

    Raises:
        typer.BadParameter: no worker of the group has a handler of that name that asks for permits.
        StoreError: it may hold all the same; repeat it.
    """
    from salesloft_webhooks.broker.administration.handler_limiting import (
        declare_handler_limits,
        limit_handler_by_hand,
        stored_handler_limits,
    )
    from salesloft_webhooks.limits import SaidLimits

    known = {each.handler: each for each in await stored_handler_limits(store, group)}
    if (found := known.get(handler)) is None or not (found.known or forgotten):
        names = ", ".join(name for name, each in known.items() if each.known) or "none"
        raise typer.BadParameter(
            f"no handler {handler!a} of {group} asks for permits (`limit=Limit()` makes one ask); these do: {names}"
        )
    if forgotten == "declared":
        await declare_handler_limits(store, group, {handler: SaidLimits()})
    else:
        await limit_handler_by_hand(store, group, handler, SaidLimits() if forgotten else chosen)
    return next((each.text for each in await stored_handler_limits(store, group) if each.handler == handler), handler)
