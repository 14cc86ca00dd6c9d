"""Which follow-ups the commands of `follow-ups` are about: names, or ``--all`` with filters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.bulk_actions import names_or_all
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.times import parse_moment

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.follow_up_acts import KnownFollowUp
    from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter, WaitingFollowUp
    from salesloft_webhooks.broker.administration.selected import Selected
    from salesloft_webhooks.cli.bulk_actions import Select

Task = Annotated[str, typer.Option("--task", help="That run this task only; debounced/NAME: this debounced handler.")]
Key = Annotated[str, typer.Option("--key", help="Called so by their author only.")]
DueBefore = Annotated[
    str, typer.Option("--due-before", help="Due before 2026-03-07T09:26:14Z; 2h: overdue by two hours; 0s: overdue.")
]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FOLLOW-UP]...", help="Follow-ups as `follow-ups list` names them."),
]
All = Annotated[bool, typer.Option("--all", help="All that wait, or those that the filters choose.")]


def follow_up_filter(group: str, task: str, key: str, person: str, due_before: str) -> "FollowUpFilter":
    """What the options say.

    Raises:
        typer.BadParameter: a time is none.
    """
    from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter

    before = parse_moment(due_before) if due_before else None
    return FollowUpFilter(group, task, key, f"person:{person}" if person else "", before)


def check_choice(names: Sequence[str] | None, wanted: "FollowUpFilter", *, everything: bool) -> None:
    """Names or --all, and filters with --all.

    Raises:
        typer.BadParameter: it is otherwise.
    """
    from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter

    names_or_all(
        names,
        everything=everything,
        filtered=wanted != FollowUpFilter(),
        items="follow-ups",
        filters=("--group", "--task", "--key", "--person", "--due-before"),
    )


def selection(names: Sequence[str] | None, wanted: "FollowUpFilter") -> "Select[KnownFollowUp | WaitingFollowUp]":
    """What an act is about, to be found out when there is a store."""

    async def select(store: "Store") -> "Selected[KnownFollowUp | WaitingFollowUp]":
        from salesloft_webhooks.broker.administration.selected import matching_follow_ups, named_follow_ups

        if names:
            return await named_follow_ups(store, names)
        if wanted.group:
            await require_group(store, wanted.group)
        return await matching_follow_ups(store, wanted)

    return select


async def near_follow_ups(store: "Store", name: str) -> str:
    """`` (nearest: ...)`` for what names no follow-up, of those that are due first; or nothing.

    Raises:
        StoreError: the store cannot be asked.
    """
    from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter
    from salesloft_webhooks.broker.administration.follow_up_look import page
    from salesloft_webhooks.cli.nearest_names import COMPARED_AT_MOST, nearest_of

    first = await page(store, FollowUpFilter(), limit=COMPARED_AT_MOST)
    return nearest_of(name, [one.event_id for one in first.found])
