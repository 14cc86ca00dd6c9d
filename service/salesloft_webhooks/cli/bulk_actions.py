"""Acts on many things at once: what they are, a question first, progress, a tally, the exit code it deserves."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import typer

from salesloft_webhooks.cli.console import confirm
from salesloft_webhooks.cli.nearest_names import NEAR_AT_MOST
from salesloft_webhooks.cli.outcome_tally import OutcomeTally, Results
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store

T = TypeVar("T")
Count = Callable[[Results], Awaitable[None]]

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.selected import Selected
    from salesloft_webhooks.settings import Settings

    Select = Callable[[Store], Awaitable[Selected[T]]]
    Act = Callable[[Store, Settings, AsyncIterator[T], Count], Awaitable[None]]
    Question = Callable[[Selected[T], Settings], str]
    Nearest = Callable[[Store, str], Awaitable[str]]


def names_or_all(
    names: Sequence[str] | None, *, everything: bool, filtered: bool, items: str, filters: Sequence[str]
) -> None:
    """Names or --all, never both and never neither: a forgotten argument must not mean everything.

    Args:
        names: Those on the command line.
        everything: Whether --all is there.
        filtered: Whether an option is there that narrows --all down.
        items: What is named, in the plural.
        filters: The options that narrow --all down.

    Raises:
        typer.BadParameter: it is otherwise.
    """
    if bool(names) == everything:
        raise typer.BadParameter(f"name {items}, or say --all (with {', '.join(filters)} to narrow it down)")
    if names and filtered:
        *others, last = filters
        subject = f"{', '.join(others)} and {last} go" if others else f"{last} goes"
        raise typer.BadParameter(f"{subject} with --all, not with names")


def act_on_selected(
    tally: OutcomeTally,
    select: "Select[T]",
    act: "Act[T]",
    *,
    nearest: "Nearest",
    question: "Question[T] | None" = None,
    yes: bool = False,
    as_json: bool,
) -> None:
    """Act on what is selected, write it down, then report, which ends the command. Ctrl-C ends it between two things.

    Args:
        tally: Counts what becomes of each.
        select: Finds out what it is about.
        act: Does it, and hands what becomes of each to the function it is given.
        nearest: What to say about the names nearest to one of nothing.
        question: What to ask first; empty: nothing.
        yes: Do not ask.
        as_json: Report as JSON.
    """

    async def work(store: "Store", settings: "Settings") -> None:
        selected = await select(store)
        tally.missing = list(selected.missing)
        tally.nearest = {each: await nearest(store, each) for each in tally.missing[:NEAR_AT_MOST]}
        if not selected.total:
            return
        if question and (text := question(selected, settings)):
            confirm(text, yes=yes)

        async def count(results: Results) -> None:
            await tally.count(results, total=selected.total)

        outcome = "failed"
        try:
            await act(store, settings, tally.until_stopped(selected.items), count)
            outcome = "done"
        finally:
            counts = {str(name): number for name, number in tally.outcomes.items()}
            await write_own_act(store, tally.act, tally.about, counts, outcome)

    with_store(work)
    tally.report(as_json=as_json)
