"""`groups`: listing, pausing, resuming and removing consumer groups."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.status import pause_text
from salesloft_webhooks.cli.console import confirm, note, show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import AsJson, GroupName, Yes
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.cli.times import moment_text, parse_span

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.groups import Registration, Removal
    from salesloft_webhooks.broker.administration.stats import GroupStats
    from salesloft_webhooks.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Consumer groups: each handles every event it wants, on its own.")


@app.command("list")
def list_groups(*, as_json: AsJson = False) -> None:
    """List the groups and what they take."""
    found = with_store(_described)
    if as_json:
        documents = [
            {
                "group": registration.group,
                "events": registration.events,
                "ordering": registration.ordering,
                "handlers": registration.handlers,
                "registered": registration.seen is not None,
                "last_start": registration.seen,
                "consumers": stats.consumers,
                "pause": stats.pause,
                "pause_reason": stats.pause_reason,
                "pause_seconds": stats.pause_seconds,
                "retry_reason": stats.retry_reason,
                "dead": stats.dead,
            }
            for registration, stats in found
        ]
        show_json({"groups": documents})
        return
    rows = [_row(registration, stats) for registration, stats in found]
    columns = ("GROUP", "ORDERING", "WORKERS", "LAST START", "TAKES EVENTS", "EVENTS")
    show_table(columns, rows, numbers=("WORKERS",), cut=("TAKES EVENTS", "EVENTS"))


async def _described(store: "Store", _: "Settings") -> list[tuple["Registration", "GroupStats"]]:
    from salesloft_webhooks.broker.administration.groups import registrations
    from salesloft_webhooks.broker.administration.stats import GroupStats, measure

    stats = {row.group: row for row in (await measure(store)).groups}
    return [(row, stats.get(row.group, GroupStats(row.group))) for row in await registrations(store)]


def _row(registration: "Registration", stats: "GroupStats") -> tuple[object, ...]:
    if registration.seen is None:
        return registration.group, "-", 0, "-", f"removed, {stats.dead:,} dead letter(s) kept", "-"
    events = ", ".join(registration.events)
    started = moment_text(registration.seen)
    return registration.group, registration.ordering, stats.consumers, started, pause_text(stats), events


@app.command()
def pause(
    group: GroupName,
    *,
    span: Annotated[str, typer.Option("--for", help="Resume by itself after 90s, 15m, 2h...")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why: what `status` says to whoever wonders.")] = "",
) -> None:
    """Let a group take nothing; what its workers run already, they finish. Deliveries are still accepted."""
    from salesloft_webhooks.broker.administration.groups import pause as pause_group

    seconds = parse_span(span).total_seconds() if span else None

    async def act(store: "Store", _: "Settings") -> None:
        await require_group(store, group)
        await pause_group(store, group, seconds=seconds, reason=" ".join(reason.split()))

    with_store(act)
    note(f"{group} is paused {f'for {span}' if span else f'until `groups resume {group}`'}")


@app.command()
def resume(group: GroupName) -> None:
    """End a group's pause, by hand or by a handler."""
    from salesloft_webhooks.broker.administration.groups import resume as resume_group

    async def act(store: "Store", _: "Settings") -> bool:
        await require_group(store, group)
        return await resume_group(store, group)

    note(f"{group} takes events again" if with_store(act) else f"{group} was not paused")


@app.command()
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
        return await remove_group(store, group, force=force, discard_dead=discard_dead), what

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
    return (
        f"{stats.lag + stats.pending:,} event(s) it has not handled are forgotten, "
        f"{stats.dead:,} dead letter(s) are {letters}"
    )
