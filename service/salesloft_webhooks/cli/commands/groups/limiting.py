"""`groups limit`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.handler_limiting import limit_handler
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import GroupName
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import single_line

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.limits import Limits, SaidLimits
    from salesloft_webhooks.settings import Settings


def limit(  # noqa: PLR0913 - each is an option of the command
    group: GroupName,
    *,
    max_running: Annotated[str, typer.Option(help="Attempts that run at once; none: any number.")] = "",
    rate: Annotated[str, typer.Option(help="Attempts that begin: 10/s, 100/min, 100/min burst 20, none.")] = "",
    per_minute: Annotated[int | None, typer.Option(min=1, help="The same as --rate N/min.")] = None,
    handler: Annotated[str | None, typer.Option(help="Only this handler, or shared limit, for each key.")] = None,
    none: Annotated[bool, typer.Option("--none", help="No limits, whoever declares some.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="What is declared or written holds again.")] = False,
    forget_declared: Annotated[
        bool, typer.Option("--forget-declared", help="What is declared, where no operator runs any more.")
    ] = False,
) -> None:
    """Limit a group or one of its handlers, in all workers together, from now on. What runs already runs on.

    Of the two limits, the one that is not given stays what was said by hand before.
    """
    if per_minute and rate:
        raise typer.BadParameter("--rate and --per-minute say the same: give one of them")
    rate = f"{per_minute}/min" if per_minute else rate
    if bool(max_running or rate) + none + forget + forget_declared != 1:
        options = "--max-running and --rate (or --per-minute), --none, --forget, --forget-declared"
        raise typer.BadParameter(f"say one of: {options}")
    chosen = _checked("none", "none") if none else _checked(max_running, rate)
    forgotten = "declared" if forget_declared else "hand" if forget else ""

    async def act(store: "Store", _: "Settings") -> str:
        await require_group(store, group)
        if handler is not None:  # an empty name is none: a shell's variable that is not set
            holds = await limit_handler(store, group, handler, chosen, forgotten)
        else:
            limits = await _act(store, group, chosen, forgotten)
            holds = f"{group} is limited to {limits.text}" if limits else f"nothing limits {group}"
        said = {"max_running": max_running, "rate": rate, "none": "yes" * none, "forget": forgotten}
        await write_own_act(store, "limit", {"group": group, **({"handler": handler} if handler else {}), **said})
        return holds

    note(single_line(with_store(act)))


async def _act(store: "Store", group: str, chosen: "SaidLimits", forgotten: str) -> "Limits":
    from salesloft_webhooks.broker.administration.limiting import forget_limits, limit_by_hand

    if forgotten:
        return await forget_limits(store, group, forgotten)
    return await limit_by_hand(store, group, chosen)


def _checked(max_running: str, rate: str) -> "SaidLimits":
    from salesloft_webhooks.errors import ConfigurationError
    from salesloft_webhooks.limits import SaidLimits

    try:
        return SaidLimits.parse(max_running, rate)
    except ConfigurationError as exc:
        raise typer.BadParameter(str(exc)) from None
