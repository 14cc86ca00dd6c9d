"""`dead list`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.dead.letter_output import letter_object
from salesloft_webhooks.cli.commands.dead.selection import (
    DiedSince,
    DiedUntil,
    Error,
    Person,
    Reason,
    dead_letter_filter,
)
from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.nearest_names import require_group, require_known_types
from salesloft_webhooks.cli.options import AsJson, InGroup, Limit, Types
from salesloft_webhooks.cli.paging import first
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import Row, show_table
from salesloft_webhooks.cli.times import seconds_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.stored_records import DeadLetter
    from salesloft_webhooks.settings import Settings


def list_dead(  # noqa: PLR0913 - the options of a command line
    *,
    group: InGroup = "",
    types: Types = None,
    reason: Reason = "",
    error: Error = "",
    person: Person = "",
    since: DiedSince = "",
    until: DiedUntil = "",
    limit: Limit = 50,
    after: Annotated[str, typer.Option(help="Go on behind this letter: the next page.")] = "",
    as_json: AsJson = False,
) -> None:
    """List dead letters, group by group, latest first."""
    from salesloft_webhooks.broker.administration.dead_letters import dead_letters

    wanted = dead_letter_filter(group, types, reason, error, person, since=since, until=until)

    async def page(store: "Store", _: "Settings") -> list["DeadLetter"]:
        if group:
            await require_group(store, group)
        if after:
            await require_group(store, _group_of(after))
        return await first(limit + 1, dead_letters(store, wanted, after=after))

    found = with_store(page)
    letters, following = found[:limit], found[limit - 1].handle if len(found) > limit else None
    if as_json:
        show_json({"dead": [letter_object(letter, without={"data"}) for letter in letters], "next": following})
        return
    if not letters:
        require_known_types(types)
    now = datetime.now(UTC)
    rows = [
        Row(
            (one.handle, seconds_text((now - one.died_at).total_seconds()), one.reason, one.event_type),
            below=f"{one.event_id}: {one.error} (attempt {one.attempts})",
        )
        for one in letters
    ]
    show_table(("LETTER", "DIED AGO", "REASON", "TYPE"), rows, numbers=("DIED AGO",), cut=("TYPE",))
    if following:
        note(f"there are more: --after {following}")


def _group_of(after: str) -> str:
    from salesloft_webhooks.broker.administration.dead_letter_filter import parse_handle

    if not (handle := parse_handle(after)):
        raise typer.BadParameter(f"--after {after!r} is no dead letter: take `next` of the page before")
    return handle[0]
