"""`replay --from`: a warehouse's events back into one group; begun, gone on with, given up."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.console import complain, confirm, note
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import require_group, require_known_types
from salesloft_webhooks.cli.outcome_tally import OutcomeTally
from salesloft_webhooks.cli.own_acts import who_acts, write_own_act
from salesloft_webhooks.cli.times import moment_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.archive_runs import ArchiveRun
    from salesloft_webhooks.broker.administration.replay import Selection
    from salesloft_webhooks.handlers.builtin.warehouse.received_order import ReceivedOrder
    from salesloft_webhooks.settings import Settings


_OVERTAKEN = "nothing was given up: the replay into {} has ended meanwhile, and perhaps another one has begun"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of an archive.

    Attributes:
        group: Which gets it.
        address: The archive; empty: that of the run that is gone on with.
        selection: Which of its events.
        rate: Events a second at most; 0: as fast as a backfill.
        dry_run: Whether only to say what would happen.
        resume: Whether to go on with the run that was begun.
        skip_damaged: Whether to go on without the events of damaged files.
        yes: Whether nobody is asked.
    """

    group: str
    address: str
    selection: "Selection"
    rate: float = 0.0
    dry_run: bool = False
    resume: bool = False
    skip_damaged: bool = False
    yes: bool = False


async def replay_archive(wish: Wish, store: "Store", settings: "Settings") -> OutcomeTally:
    """Give what is wanted of an archive to a group.

    Raises:
        ConfigurationError: the address is none, or Arrow is not installed.
        Unavailable: the archive cannot be read.
        StoreError: the store cannot be asked, for longer than a fail-over takes.
    """
    from salesloft_webhooks.broker.administration.archive_execution import forecast_archive
    from salesloft_webhooks.handlers.builtin.warehouse import archive_at
    from salesloft_webhooks.handlers.builtin.warehouse.received_order import ReceivedOrder

    await require_group(store, wish.group)
    if (run := await _unfinished(store, wish)) is not None:
        wish = replace(wish, address=wish.address or run.url, selection=run.chosen)
    else:
        whole = archive_at(settings, wish.address).url  # so that it can be gone on with from anywhere
        wish = replace(wish, address=whole, selection=await _with_an_end(store, wish.selection))
    with ReceivedOrder() as order:
        damaged = await _read(wish, settings, order)
        tally = _tally(wish, order.lacking(wish.selection.event_ids), damaged=damaged)
        if wish.dry_run or (run is None and not await _wanted(store, wish.group, order)):
            await tally.count(forecast_archive(store, settings, wish.group, order, tally.is_stopped))
            return tally
        if run is None:
            run = await _begun(wish, store, order)
        await _carry_out(wish, store, settings, run, order, tally)
    return tally


async def give_up_archive(group: str, store: "Store", _: "Settings", *, yes: bool) -> None:
    """Forget the unfinished run of a group: what it has given stays given.

    Raises:
        StoreError: the store cannot be asked.
    """
    from salesloft_webhooks.broker.administration.archive_runs import (
        Lost,
        archive_run,
        end_lost_run,
        give_up_archive_run,
        places_of_run,
    )

    try:
        run = await archive_run(store, group)
    except Lost as exc:
        confirm(f"Give it up? {str(exc).capitalize()}.", yes=yes)
        if not await end_lost_run(store, group, exc):
            fail(_OVERTAKEN.format(group))
        note("given up; what it has given stays given")
        return
    if run is None:
        fail(f"no replay of an archive into {group} is unfinished")
    confirm(f"Give up the replay into {group} of {_since(run)}?", yes=yes)
    counts: dict[str, int] = {}
    known = "how far it was is lost"
    with suppress(Lost):
        counts = (await places_of_run(store, run))[1]
        known = f"{sum(counts.values()):,} of {run.total:,} event(s) were dealt with"
    if not await give_up_archive_run(store, group, run):
        fail(_OVERTAKEN.format(group))
    await write_own_act(store, "replay", {"group": group, "run": run.run_id, "given_up": "true"}, counts)
    note(f"given up; {known}")


async def _unfinished(store: "Store", wish: Wish) -> "ArchiveRun | None":
    """The run to go on with; None: a new one."""
    from salesloft_webhooks.broker.administration.archive_runs import archive_run

    run = await archive_run(store, wish.group)
    if wish.resume and run is None:
        fail(f"no replay of an archive into {wish.group} is unfinished")
    if run is not None and not wish.resume and not wish.dry_run:
        fail(f"the replay into {wish.group} of {_since(run)} is not finished: --resume goes on, --give-up ends it")
    return run if wish.resume else None


async def _carry_out(
    wish: Wish, store: "Store", settings: "Settings", run: "ArchiveRun", order: "ReceivedOrder", tally: OutcomeTally
) -> None:
    """Give what is left of a run, count it, write it down, and end the run when nothing is left."""
    from salesloft_webhooks.broker.administration.archive_execution import carry_out
    from salesloft_webhooks.broker.administration.archive_pace import ArchivePace
    from salesloft_webhooks.broker.administration.archive_runs import Lost, end_archive_run, places_of_run

    before = (await places_of_run(store, run))[1]
    pace = ArchivePace(store, settings, wish.rate or settings.backfill_events_per_second, note)
    results = carry_out(store, settings, wish.group, run, order, pace=pace, stopped=tally.is_stopped)
    try:
        await tally.count(results, total=run.total)
        # An answer that was lost is not among the results; the partitions have counted what they did.
        tally.outcomes = _counted((await places_of_run(store, run))[1], before)
    except Lost:
        await _say_if_stopped(store, wish.group, run)
        raise
    finally:
        counts = {str(name): number for name, number in tally.outcomes.items()}
        await write_own_act(store, "replay", _facts(wish, run), counts)
    if not tally.is_stopped():
        await end_archive_run(store, wish.group, run)


async def _say_if_stopped(store: "Store", group: str, run: "ArchiveRun") -> None:
    """End the command where its run was ended by somebody else, rather than lost."""
    from salesloft_webhooks.broker.administration.archive_runs import archive_runs

    still = (await archive_runs(store)).get(group)
    if still is None or still.run_id != run.run_id:
        fail("the replay was stopped by somebody else; what it has given stays given")


def _since(run: "ArchiveRun") -> str:
    return f"{run.url}, begun {moment_text(datetime.fromtimestamp(run.began_ms / 1_000, UTC))}"


async def _with_an_end(store: "Store", selection: "Selection") -> "Selection":
    """So that what is stored meanwhile changes nothing, wherever the run is gone on with."""
    from salesloft_webhooks.broker.administration.server_clock import server_ms

    if selection.until is not None:
        return selection
    return replace(selection, until=datetime.fromtimestamp(await server_ms(store) / 1_000, UTC))


async def _read(wish: Wish, settings: "Settings", order: "ReceivedOrder") -> bool:
    """Sort all events that are meant; whether some are left out. Ends the command if it is no archive, or damaged."""
    from salesloft_webhooks.broker.administration.archived_events import BEGINNING
    from salesloft_webhooks.handlers.builtin.warehouse import archive_at, storage_of

    storage = storage_of(archive_at(settings, wish.address))  # which says what is missing where Arrow is
    from salesloft_webhooks.handlers.builtin.warehouse.archive import read_archive
    from salesloft_webhooks.handlers.builtin.warehouse.daemon_threads import DaemonThreads

    threads = DaemonThreads(1)
    await threads.run(storage.check_reachable)
    reading = await threads.run(partial(read_archive, storage, wish.selection, order, bodies=not wish.dry_run))
    for each in reading.damaged:
        complain(f"{each.path}: {each.problem}")
    if reading.empty:
        fail("no files of events are there: the address is that of the warehouse, in which `events` is a folder")
    if reading.files + reading.passed_over and not order.count(BEGINNING):
        require_known_types(wish.selection.types)
    note(f"{reading.files:,} file(s) read, {reading.passed_over:,} passed over")
    if reading.erased:
        note(f"{reading.erased:,} event(s) of erased persons are left out: they go with the next compaction")
    if reading.damaged and not (wish.skip_damaged or wish.dry_run):
        fail("nothing was replayed now: --skip-damaged goes on without the events of these files")
    return bool(reading.damaged)


async def _wanted(store: "Store", group: str, order: "ReceivedOrder") -> int:
    """How many of the events are of types that the group takes."""
    from salesloft_webhooks.broker.administration.archived_events import BEGINNING
    from salesloft_webhooks.broker.administration.groups import registration
    from salesloft_webhooks.event_patterns import is_taken

    taken = (await registration(store, group)).events
    return sum(count for event_type, count in order.count(BEGINNING).items() if is_taken(event_type, taken))


async def _begun(wish: Wish, store: "Store", order: "ReceivedOrder") -> "ArchiveRun":
    """A new run, written down where others find it."""
    from salesloft_webhooks.broker.administration.archive_runs import begin_archive_run, new_run
    from salesloft_webhooks.broker.administration.archived_events import BEGINNING
    from salesloft_webhooks.broker.administration.server_clock import server_ms

    total, wanted = sum(order.count(BEGINNING).values()), await _wanted(store, wish.group, order)
    confirm(f"Replay {wanted:,} event(s) into {wish.group}?", yes=wish.yes)
    run = new_run(store, wish.address, wish.selection, total, await server_ms(store), who_acts())
    if not await begin_archive_run(store, wish.group, run):
        fail(f"somebody else has begun a replay into {wish.group} just now")
    await write_own_act(store, "replay", _facts(wish, run), {"selected": total})
    return run


def _tally(wish: Wish, missing: list[str], *, damaged: bool) -> OutcomeTally:
    from salesloft_webhooks.broker.administration.archive_replay import FromArchive

    tally = OutcomeTally(FromArchive.REPLAYED, failures={FromArchive.NO_GROUP}, incomplete=damaged, missing=missing)
    tally.again = "repeat the command to look again" if wish.dry_run else f"`replay {wish.group} --resume` goes on"
    return tally


def _counted(counts: Mapping[str, int], before: Mapping[str, int]) -> "Counter[StrEnum]":
    """What was done since, by outcome."""
    from salesloft_webhooks.broker.administration.archive_replay import FromArchive

    return Counter({each: counts.get(each, 0) - before.get(each, 0) for each in FromArchive if each in counts})


def _facts(wish: Wish, run: "ArchiveRun") -> dict[str, str]:
    chosen = wish.selection
    since, until = (each.isoformat() if each else "" for each in (chosen.since, chosen.until))
    narrowed = {"type": ", ".join(chosen.types), "source": chosen.source, "person": chosen.person}
    return {"group": wish.group, "from": run.url, "run": run.run_id, "since": since, "until": until, **narrowed}
