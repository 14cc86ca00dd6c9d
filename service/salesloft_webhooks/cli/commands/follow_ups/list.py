"""`follow-ups list`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.follow_ups.selection import DueBefore, Key, Task, follow_up_filter
from salesloft_webhooks.cli.console import described, note, show_json
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import AsJson, InGroup, Limit, PersonId
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import Row, show_table
from salesloft_webhooks.cli.times import moment_text, seconds_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.follow_up_filter import Place, WaitingFollowUp
    from salesloft_webhooks.broker.administration.follow_up_look import FollowUpPage
    from salesloft_webhooks.settings import Settings

LOOKED_AT = 1_000_000
"""So many are looked at, where few of them are meant."""


def list_follow_ups(  # noqa: PLR0913 - the options of a command line
    *,
    group: InGroup = "",
    task: Task = "",
    key: Key = "",
    person: PersonId = "",
    due_before: DueBefore = "",
    limit: Limit = 50,
    after: Annotated[str, typer.Option(help="Go on behind this place: `next` of the page before.")] = "",
    as_json: AsJson = False,
) -> None:
    """List follow-ups that wait, those that are due first on top."""
    wanted, behind = follow_up_filter(group, task, key, person, due_before), _place(after)

    async def look(store: "Store", _: "Settings") -> "FollowUpPage":
        from salesloft_webhooks.broker.administration.follow_up_look import page

        if group:
            await require_group(store, group)
        return await page(store, wanted, behind=behind, limit=limit, most_looked=LOOKED_AT)

    found = with_store(look)
    following = None if found.next is None else str(found.next)
    if as_json:
        rows = [described(one, without={"partition", "place"}) for one in found.found]
        show_json({"follow_ups": rows, "next": following})
        return
    columns = ("FOLLOW-UP", "GROUP", "DUE", "TASK", "KEY")
    show_table(columns, [_row(one) for one in found.found], cut=("TASK", "KEY"))
    if following:
        note(f"there {'are' if len(found.found) == limit else 'may be'} more: --after {following}")


def _place(after: str) -> "Place | None":
    from salesloft_webhooks.broker.administration.follow_up_filter import Place

    if after and (place := Place.parse(after)) is None:
        raise typer.BadParameter(f"--after {after!r} is no place: take `next` of the page before")
    return place if after else None


def _row(one: "WaitingFollowUp") -> Row:
    left = (one.due_at - datetime.now(UTC)).total_seconds()
    due = f"in {seconds_text(left)}" if left > 0 else f"{seconds_text(-left)} ago"
    asked = f"asked {moment_text(one.asked_at)} by {one.asked_by} ({one.asked_by_type})"
    return Row((one.event_id, one.group, due, one.task, one.key), below=f"of {one.entity_key or 'nobody'}, {asked}")
