"""Which dead letters the commands of `dead` are about: names, or ``--all`` with filters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.bulk_actions import names_or_all
from salesloft_webhooks.cli.nearest_names import require_group, require_known_types
from salesloft_webhooks.cli.times import parse_moment

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
    from salesloft_webhooks.broker.administration.selected import Selected
    from salesloft_webhooks.broker.administration.stored_records import DeadLetter
    from salesloft_webhooks.cli.bulk_actions import Select

REASONS = ("exhausted", "permanent", "poison", "no_handler")
"""`DeadLetterReason`, which a test compares: importing it would load telemetry for ``--help``."""
REASONS_TEXT = f"{', '.join(REASONS[:-1])} or {REASONS[-1]}"

Reason = Annotated[str, typer.Option("--reason", help=f"{REASONS_TEXT}.")]
Error = Annotated[
    str, typer.Option("--error", help="Of this exception type, or error class as the console's address has it.")
]
Person = Annotated[str, typer.Option("--person", help="Of this person only, by id.")]
DiedSince = Annotated[str, typer.Option("--since", help="Died since: 2h (ago), 3d, or 2026-03-07T09:26:14Z.")]
DiedUntil = Annotated[str, typer.Option("--until", help="Died until, in the same way.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LETTER]...", help="Dead letters as `dead list` names them, or event ids."),
]
All = Annotated[bool, typer.Option("--all", help="All, or those that the filters choose.")]


def dead_letter_filter(
    group: str,
    types: Sequence[str] | None,
    reason: str,
    error: str = "",
    person: str = "",
    *,
    since: str = "",
    until: str = "",
) -> "DeadLetterFilter":
    """What the options say.

    Raises:
        typer.BadParameter: nothing dies for that reason, or a time is none.
    """
    from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter

    if reason not in {"", *REASONS}:
        raise typer.BadParameter(f"--reason is {REASONS_TEXT}")
    key = f"person:{person}" if person.isdigit() else person
    return DeadLetterFilter(
        group,
        tuple(types or ()),
        reason,
        error=error,
        entity_key=key,
        since=parse_moment(since) if since else None,
        until=parse_moment(until) if until else None,
    )


def selection(names: Sequence[str] | None, wanted: "DeadLetterFilter", *, everything: bool) -> "Select[DeadLetter]":
    """What an act is about, to be found out when there is a store.

    Raises:
        typer.BadParameter: names and --all, or neither, or names and filters.
    """
    from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter

    names_or_all(
        names,
        everything=everything,
        filtered=wanted != DeadLetterFilter(),
        items="dead letters",
        filters=("--group", "--type", "--reason", "--error", "--person", "--since", "--until"),
    )

    async def select(store: "Store") -> "Selected[DeadLetter]":
        from salesloft_webhooks.broker.administration.selected import matching_letters, named_letters

        if names:
            return await named_letters(store, names)
        if wanted.group:
            await require_group(store, wanted.group)
        selected = await matching_letters(store, wanted)
        if not selected.total:
            require_known_types(wanted.types)
        return selected

    return select
