"""`groups limit`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import GroupName
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.limits import Limits, SaidLimits
    from salesloft_webhooks.settings import Settings


def limit(
    group: GroupName,
    *,
    max_running: Annotated[int | None, typer.Option(min=1, help="Attempts that run at once.")] = None,
    rate: Annotated[str, typer.Option(help="Attempts that begin: 10/s, 100/min, 5000/h, 100/min burst 20.")] = "",
    per_minute: Annotated[int | None, typer.Option(min=1, help="The same as --rate N/min.")] = None,
    none: Annotated[bool, typer.Option("--none", help="No limits, whoever declares some.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="What is declared or written holds again.")] = False,
) -> None:
    """Limit a group, in all of its workers together, from now on. What runs already runs on.

    Of the two limits, the one that is not given stays what was said by hand before.
    """
    if per_minute:
        rate = rate or f"{per_minute}/min"
    asked = (max_running is not None or bool(rate)) + none + forget
    if asked != 1:
        raise typer.BadParameter("say one of: --max-running and --rate (or --per-minute), --none, --forget")
    chosen = _checked(max_running, rate)

    async def act(store: "Store", _: "Settings") -> "Limits":
        await require_group(store, group)
        limits = await _act(store, group, chosen, none=none, forget=forget)
        said = {"max_running": str(max_running or ""), "rate": rate, "none": "yes" * none, "forget": "yes" * forget}
        await write_own_act(store, "limit", {"group": group, **said})
        return limits

    limits = with_store(act)
    note(f"{group} is limited to {limits.text}" if limits else f"nothing limits {group}")


async def _act(store: "Store", group: str, chosen: "SaidLimits", *, none: bool, forget: bool) -> "Limits":
    from salesloft_webhooks.broker.administration.limiting import forget_limits_by_hand, limit_by_hand

    if forget:
        return await forget_limits_by_hand(store, group)
    if none:
        return await limit_by_hand(store, group, max_running=None, rate=None)
    return await limit_by_hand(store, group, max_running=chosen.max_running, rate=chosen.rate)


def _checked(max_running: int | None, rate: str) -> "SaidLimits":
    from salesloft_webhooks.errors import ConfigurationError
    from salesloft_webhooks.limits import Limits, Rate, SaidLimits, checked_running

    try:
        return SaidLimits.of(Limits(checked_running(max_running), Rate.parse(rate) if rate else None))
    except ConfigurationError as exc:
        raise typer.BadParameter(str(exc)) from None
