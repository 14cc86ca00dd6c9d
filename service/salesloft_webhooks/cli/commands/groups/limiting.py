"""`groups limit`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.groups.handler_limiting import limit_handler
from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import GroupName
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import single_line

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.limits import Limits, SaidLimits
    from salesloft_webhooks.settings import Settings


def limit(
    group: GroupName,
    *,
    max_running: Annotated[str, typer.Option(help="Attempts that run at once; none: any number.")] = "",
    rate: Annotated[str, typer.Option(help="Attempts that begin: 10/s, 100/min, 100/min burst 20, none.")] = "",
    per_minute: Annotated[int | None, typer.Option(min=1, help="The same as --rate N/min.")] = None,
    handler: Annotated[str, typer.Option(help="Only this handler, each value of its key by itself.")] = "",
    none: Annotated[bool, typer.Option("--none", help="No limits, whoever declares some.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="What is declared or written holds again.")] = False,
) -> None:
    """Limit a group or one of its handlers, in all workers together, from now on. What runs already runs on.

    Of the two limits, the one that is not given stays what was said by hand before.
    """
    if per_minute and rate:
        raise typer.BadParameter("--rate and --per-minute say the same: give one of them")
    rate = f"{per_minute}/min" if per_minute else rate
    if bool(max_running or rate) + none + forget != 1:
        raise typer.BadParameter("say one of: --max-running and --rate (or --per-minute), --none, --forget")
    chosen = _checked(max_running, rate)

    async def act(store: "Store", _: "Settings") -> str:
        await require_group(store, group)
        if handler:
            holds = await limit_handler(store, group, handler, SaidLimits(None, None) if none else chosen, forget=forget)
        else:
            limits = await _act(store, group, chosen, none=none, forget=forget)
            holds = f"{group} is limited to {limits.text}" if limits else f"nothing limits {group}"
        said = {"max_running": max_running, "rate": rate, "none": "yes" * none, "forget": "yes" * forget}
        await write_own_act(store, "limit", {"group": group, **({"handler": handler} if handler else {}), **said})
        return holds

    note(single_line(with_store(act)))


async def _act(store: "Store", group: str, chosen: "SaidLimits", *, none: bool, forget: bool) -> "Limits":
    from salesloft_webhooks.broker.administration.limiting import forget_limits_by_hand, limit_by_hand
    from salesloft_webhooks.limits import SaidLimits

    if forget:
        return await forget_limits_by_hand(store, group)
    if none:
        chosen = SaidLimits(None, None)
    return await limit_by_hand(store, group, chosen)


def _checked(max_running: str, rate: str) -> "SaidLimits":
    from salesloft_webhooks.errors import ConfigurationError
    from salesloft_webhooks.limits import SaidLimits

    try:
        return SaidLimits.parse(max_running, rate)
    except ConfigurationError as exc:
        raise typer.BadParameter(str(exc)) from None
