"""Which deliveries the commands of `quarantine` are about: names, or ``--all``, perhaps of one reason."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.bulk_actions import names_or_all
from salesloft_webhooks.errors import UnreadableReason

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.selected import Selected
    from salesloft_webhooks.broker.administration.stored_records import Quarantined
    from salesloft_webhooks.cli.bulk_actions import Select

Reason = Annotated[str, typer.Option("--reason", help="For this reason only, as `quarantine list` shows it.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DELIVERY]...", help="Deliveries as `quarantine list` names them."),
]
All = Annotated[bool, typer.Option("--all", help="All, or those that --reason chooses.")]


def check_reason(reason: str) -> None:
    """Refuse what is no reason.

    Raises:
        typer.BadParameter: with the nearest that is one.
    """
    if reason and reason not in set(UnreadableReason):
        near = get_close_matches(reason, list(UnreadableReason), n=1) or list(UnreadableReason)
        raise typer.BadParameter(f"--reason {reason!r} is none: did you mean {' or '.join(near)}?")


def selection(names: Sequence[str] | None, reason: str, *, everything: bool) -> "Select[Quarantined]":
    """What an act is about, to be found out when there is a store.

    Raises:
        typer.BadParameter: names and --all, or neither, or names and a reason.
    """
    check_reason(reason)
    names_or_all(names, everything=everything, filtered=bool(reason), items="deliveries", filters=("--reason",))

    async def select(store: "Store") -> "Selected[Quarantined]":
        from salesloft_webhooks.broker.administration.selected import matching_deliveries, named_deliveries

        return await (named_deliveries(store, names) if names else matching_deliveries(store, reason))

    return select
