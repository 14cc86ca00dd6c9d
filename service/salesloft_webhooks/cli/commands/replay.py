"""`replay`: history back into one group."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.archive_replay import Wish, give_up_archive, replay_archive
from salesloft_webhooks.cli.console import confirm, note
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import NEAR_AT_MOST, near_events, require_group, require_known_types
from salesloft_webhooks.cli.options import AsJson, GroupName, PersonId, Source, Types, Yes
from salesloft_webhooks.cli.outcome_tally import OutcomeTally
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.times import parse_moment

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.replay import Replayed, Selection
    from salesloft_webhooks.broker.administration.stored_records import Entry
    from salesloft_webhooks.settings import Settings


Archive = Annotated[
    str | None,
    typer.Option("--from", metavar="ARCHIVE", help="A warehouse: a folder, s3://bucket/prefix, gs://bucket/prefix."),
]
Rate = Annotated[
    float, typer.Option(min=0, help="With --from: events a second at most; by default BACKFILL_EVENTS_PER_SECOND.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a replay --from that has not come to its end.")]
GiveUp = Annotated[bool, typer.Option("--give-up", help="End such a replay; what it has given stays given.")]
SkipDamaged = Annotated[bool, typer.Option("--skip-damaged", help="With --from: leave damaged files out.")]


def replay(  # noqa: PLR0913 - each is an option of the command
    group: GroupName,
    *,
    since: Annotated[str, typer.Option(help="Stored since: 2h (ago), 3d, or 2026-03-07T04:26:14Z.")] = "",
    until: Annotated[str, typer.Option(help="Stored until, in the same way.")] = "",
    types: Types = None,
    source: Source = "",
    person: PersonId = "",
    event_ids: Annotated[list[str] | None, typer.Option("--id", help="This event only. Repeatable.")] = None,
    expect: Annotated[
        str, typer.Option(metavar="DIGEST", help="Of a dry run, here or in the console: do that or nothing.")
    ] = "",
    archive: Archive = None,
    rate: Rate = 0.0,
    resume: Resume = False,
    give_up: GiveUp = False,
    skip_damaged: SkipDamaged = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give handled events to one group again, never to others. History is kept for RETENTION_SECONDS.

    Handlers see the same idempotency keys as the first time. Events that the group has not finished yet are left
    alone, and so are its dead letters, which `dead redrive` is for. What is older than history comes from the files of
    a warehouse with --from (docs/warehouse.md).
    """
    from salesloft_webhooks.broker.administration.replay import Selection

    first, last = _times(since, until)
    chosen = Selection(first, last, tuple(types or ()), frozenset(event_ids or ()), source=source, person=person)
    if not isfinite(rate):
        raise typer.BadParameter("--rate is a number of events a second")
    if archive is not None or resume or give_up:
        _check_together(chosen, archive, expect=expect, resume=resume, give_up=give_up)
        if resume and dry_run:
            raise typer.BadParameter("--resume goes on with what was counted when it began: --dry-run counts anew")
        if give_up:
            if rate or dry_run or skip_damaged or as_json:
                raise typer.BadParameter("--give-up goes with no option but --yes")
            with_store(partial(give_up_archive, group, yes=yes))
            return
        wish = Wish(group, archive or "", chosen, rate, dry_run, resume, skip_damaged, yes)
        tally = with_store(partial(replay_archive, wish))
    elif rate or skip_damaged:
        raise typer.BadParameter("--rate and --skip-damaged go with --from")
    else:
        tally = with_store(partial(_act, group, chosen, expect, dry_run=dry_run, yes=yes))
    if dry_run:
        note("dry run: nothing was changed")
        if tally.facts:
            options = " ".join(f"--{name} {value}" for name, value in tally.facts.items() if value)
            note(f"to do just this, or nothing: the same command with {options}".replace("--digest", "--expect"))
    tally.report(as_json=as_json)


def _check_together(chosen: "Selection", archive: str | None, *, expect: str, resume: bool, give_up: bool) -> None:
    if expect:
        raise typer.BadParameter("--expect is of a replay of history: it does not go with an archive")
    if archive == "":
        raise typer.BadParameter("--from is empty: a folder, `s3://bucket/prefix` or `gs://bucket/prefix`")
    if give_up and (archive or resume):
        raise typer.BadParameter("--give-up goes with no other way")
    if (resume or give_up) and chosen != type(chosen)():
        raise typer.BadParameter("what is replayed was decided when it began: nothing narrows it now")


def _times(since: str, until: str) -> tuple[datetime | None, datetime | None]:
    first, last = parse_moment(since) if since else None, parse_moment(until) if until else None
    if first and first > datetime.now(UTC):
        raise typer.BadParameter(f"--since {since}: nothing is stored since a time that is still to come")
    if first and last and last < first:
        raise typer.BadParameter(f"--until {until} lies before --since {since}")
    return first, last


async def _act(
    group: str, chosen: "Selection", expect: str, store: "Store", settings: "Settings", *, dry_run: bool, yes: bool
) -> OutcomeTally:
    from salesloft_webhooks.broker.administration.replay_forecast import forecast_digest

    await require_group(store, group)
    selection = await _fixed(store, chosen)
    run = partial(_run, store, group, selection, settings.idempotency_ttl_seconds)
    planned = await run(dry_run=True)
    if not planned.outcomes and not planned.is_stopped():
        require_known_types(list(selection.types))
    if planned.is_stopped():  # what it counted was not done, and is not all
        return planned if dry_run else OutcomeTally(planned.goal, stop=planned.stop)
    digest = forecast_digest(group, selection, {str(name): number for name, number in planned.outcomes.items()})
    if expect and expect != digest:
        fail(f"it would do something else by now ({planned.sentence}): look at it again with --dry-run")
    if dry_run:
        return replace(planned, facts=_facts(selection, digest))
    if not (total := planned.outcomes[planned.goal]):
        return planned
    confirm(f"Replay {total:,} event(s) into {group}?", yes=yes)
    done = await run(dry_run=False, total=total)
    counts = {str(name): number for name, number in done.outcomes.items()}
    given = {"type": ", ".join(selection.types), "source": selection.source, "person": selection.person}
    await write_own_act(store, "replay", {"group": group, **given, **_facts(selection, digest)}, counts)
    return done


async def _fixed(store: "Store", chosen: "Selection") -> "Selection":
    """The same with an end, so that what arrives between the dry run and the run changes nothing."""
    from salesloft_webhooks.broker.administration.replay import located
    from salesloft_webhooks.broker.administration.server_clock import server_ms

    if chosen.until is None:
        chosen = replace(chosen, until=datetime.fromtimestamp(await server_ms(store) / 1_000, UTC))
    return await located(store, chosen)


def _facts(selection: "Selection", digest: str) -> dict[str, str]:
    """What says exactly which replay it was: its times, and the digest of what it would do."""
    since, until = (each.isoformat() if each else "" for each in (selection.since, selection.until))
    return {"since": since, "until": until, "digest": digest}


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
