"""`follow-ups cancel`."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.bulk_actions import Count, act_on_selected
from salesloft_webhooks.cli.commands.follow_ups.selection import (
    All,
    DueBefore,
    Key,
    Names,
    Task,
    check_choice,
    follow_up_filter,
    near_follow_ups,
    selection,
)
from salesloft_webhooks.cli.console import note, show, show_json
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import AsJson, InGroup, PersonId, Yes
from salesloft_webhooks.cli.outcome_tally import OutcomeTally
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.masked_text import without_addresses

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.follow_up_acts import KnownFollowUp
    from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter, WaitingFollowUp
    from salesloft_webhooks.broker.administration.selected import Selected
    from salesloft_webhooks.settings import Settings


def cancel(  # noqa: PLR0913 - the options of a command line
    names: Names = None,
    *,
    everything: All = False,
    group: InGroup = "",
    task: Task = "",
    key: Key = "",
    person: PersonId = "",
    due_before: DueBefore = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count those that wait and would be.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Cancel follow-ups for good: their events do not bring them back. What runs at that moment runs on."""
    from salesloft_webhooks.broker.administration.follow_up_acts import cancel_follow_ups
    from salesloft_webhooks.broker.administration.follow_up_filter import Cancelled

    wanted = follow_up_filter(group, task, key, person, due_before)
    check_choice(names, wanted, everything=everything)
    if dry_run:
        _count(names, wanted, as_json=as_json)
        return

    def question(selected: "Selected[KnownFollowUp | WaitingFollowUp]", _: "Settings") -> str:
        return f"Cancel {selected.total:,} follow-up(s) for good?"

    async def act(
        store: "Store",
        settings: "Settings",
        follow_ups: AsyncIterator["KnownFollowUp | WaitingFollowUp"],
        count: Count,
    ) -> None:
        ttl = settings.idempotency_ttl_seconds
        await count(cancel_follow_ups(store, follow_ups, idempotency_ttl_seconds=ttl))

    about = {"group": group, "task": task, "key": without_addresses(key), "person": person, "due_before": due_before}
    about |= {"follow_ups": ", ".join(names)} if names else {}
    tally = OutcomeTally(Cancelled.CANCELLED, act="cancel_follow_ups", about=about)
    select = selection(names, wanted)
    act_on_selected(tally, select, act, nearest=near_follow_ups, question=question, yes=yes, as_json=as_json)


def _count(names: list[str] | None, wanted: "FollowUpFilter", *, as_json: bool) -> None:
    from salesloft_webhooks.broker.administration.follow_up_acts import find_follow_up
    from salesloft_webhooks.broker.administration.follow_up_look import count

    async def look(store: "Store", _: "Settings") -> int:
        if names:
            found = [await find_follow_up(store, name) for name in dict.fromkeys(names)]
            return sum(one is not None and one.waiting is not None for one in found)
        if wanted.group:
            await require_group(store, wanted.group)
        return await count(store, wanted)

    waiting = with_store(look)
    note("dry run: nothing was changed")
    show_json({"waiting": waiting}) if as_json else show(f"{waiting:,} would be cancelled")
