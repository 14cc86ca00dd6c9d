"""`replay`: history back into one group."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import confirm, note
from salesloft_webhooks.cli.nearest_names import NEAR_AT_MOST, near_events, require_group, require_known_types
from salesloft_webhooks.cli.options import AsJson, GroupName, Types, Yes
from salesloft_webhooks.cli.outcome_tally import OutcomeTally
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.times import parse_moment

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.replay import Replayed, Selection
    from salesloft_webhooks.broker.administration.stored_records import Entry
    from salesloft_webhooks.settings import Settings


def replay(  # noqa: PLR0913 - each is an option of the command
    group: GroupName,
    *,
    since: Annotated[str, typer.Option(help="Stored since: 2h (ago), 3d, or 2026-03-07T04:26:14Z.")] = "",
    until: Annotated[str, typer.Option(help="Stored until, in the same way.")] = "",
    types: Types = None,
    event_ids: Annotated[list[str] | None, typer.Option("--id", help="This event only. Repeatable.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give handled events to one group again, never to others. History is kept for RETENTION_SECONDS.

    Handlers see the same idempotency keys as the first time. Events that the group has not finished yet are left
    alone, and so are its dead letters, which `dead redrive` is for.
    """
    selection = _selection(since, until, types, event_ids)

    async def act(store: "Store", settings: "Settings") -> OutcomeTally:
        await require_group(store, group)
        run = partial(_run, store, group, selection, settings.idempotency_ttl_seconds)
        planned = await run(dry_run=True)
        if not planned.outcomes and not planned.is_stopped():
            require_known_types(types)
        if dry_run:
            return planned
        if planned.is_stopped():  # what it counted was not done
            return OutcomeTally(planned.goal, stop=planned.stop)
        if not (total := planned.outcomes[planned.goal]):
            return planned
        confirm(f"Replay {total:,} event(s) into {group}?", yes=yes)
        done = await run(dry_run=False, total=total)
        counts = {str(name): number for name, number in done.outcomes.items()}
        given = {"group": group, "type": ", ".join(types or ()), "since": since, "until": until}
        await write_own_act(store, "replay", given, counts)
        return done

    tally = with_store(act)
    if dry_run:
        note("dry run: nothing was changed")
    tally.report(as_json=as_json)


def _selection(since: str, until: str, types: list[str] | None, event_ids: list[str] | None) -> "Selection":
    from salesloft_webhooks.broker.administration.replay import Selection

    first, last = parse_moment(since) if since else None, parse_moment(until) if until else None
    if first and first > datetime.now(UTC):
        raise typer.BadParameter(f"--since {since}: nothing is stored since a time that is still to come")
    if first and last and last < first:
        raise typer.BadParameter(f"--until {until} lies before --since {since}")
    return Selection(
        since=first,
        until=last,
        types=tuple(types or ()),
        event_ids=frozenset(event_ids or ()),
    )


async def _run(
    store: "Store", group: str, selection: "Selection", ttl_seconds: int, *, dry_run: bool, total: int | None = None
) -> OutcomeTally:
    from salesloft_webhooks.broker.administration.replay import Replayed
    from salesloft_webhooks.broker.administration.replay import replay as replay_events

    tally = OutcomeTally(Replayed.REPLAYED, failures={Replayed.GONE, Replayed.NO_GROUP})
    unseen = set(selection.event_ids)
    results = replay_events(
        store, group, selection, idempotency_ttl_seconds=ttl_seconds, dry_run=dry_run, stopped=tally.is_stopped
    )

    async def unseen_removed() -> "AsyncIterator[tuple[Entry, Replayed]]":
        async for entry, outcome in results:
            unseen.discard(entry.event_id)
            yield entry, outcome

    await tally.count(unseen_removed(), total=total)
    if not tally.is_stopped():
        tally.missing = sorted(unseen)
        tally.nearest = {name: await near_events(store, name) for name in tally.missing[:NEAR_AT_MOST]}
    return tally
