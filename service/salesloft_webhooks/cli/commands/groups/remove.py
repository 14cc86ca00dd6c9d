"""`groups remove`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import confirm, note
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import GroupName, Yes
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.groups import Removal
    from salesloft_webhooks.settings import Settings


def remove(
    group: GroupName,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also while its workers seem to be alive.")] = False,
    discard_dead: Annotated[bool, typer.Option("--discard-dead", help="Its dead letters, too.")] = False,
    yes: Yes = False,
) -> None:
    """Remove a group that is no longer wanted. Its unfinished events are not handled by it any more.

    Stop its workers first: one that still runs would bring the group back. Dead letters are kept unless discarded.
    """
    from salesloft_webhooks.broker.administration.groups import Removal
    from salesloft_webhooks.broker.administration.groups import remove as remove_group

    async def act(store: "Store", _: "Settings") -> tuple["Removal", str]:
        await require_group(store, group)
        what = await _what_goes(store, group, discard_dead=discard_dead)
        confirm(f"Remove the group {group}? {what}", yes=yes)
        removal = await remove_group(store, group, force=force, discard_dead=discard_dead)
        await write_own_act(
            store, "remove", {"group": group}, outcome="done" if removal is Removal.REMOVED else "failed"
        )
        return removal, what

    try:
        removal, what = with_store(act)
    except KeyboardInterrupt:
        note(f"interrupted: {group} may be removed in part; repeat the command")
        raise
    if removal is Removal.ACTIVE:
        fail(f"workers of {group} are alive; stop them first (or --force)")
    note(f"{group} is removed: {what}")


async def _what_goes(store: "Store", group: str, *, discard_dead: bool) -> str:
    from salesloft_webhooks.broker.administration.stats import GroupStats, measure

    rows = {row.group: row for row in (await measure(store)).groups}
    stats = rows.get(group, GroupStats(group))
    letters = "thrown away" if discard_dead else "kept"
    waiting = f"{stats.follow_ups:,} follow-up(s) that wait are forgotten, " if stats.follow_ups else ""
    return (
        f"{stats.lag + stats.pending:,} event(s) it has not handled are forgotten, {waiting}"
        f"{stats.dead:,} dead letter(s) are {letters}"
    )
