"""One run: how it is begun, shown while it goes on, and reported."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

import typer

from salesloft_webhooks.backfill.coverage import chosen
from salesloft_webhooks.backfill.single_run import RunState, SingleRun, Span, new_run_name, span_of
from salesloft_webhooks.background import run_until
from salesloft_webhooks.broker import Publisher
from salesloft_webhooks.broker.salesloft_budget import SharedBudget
from salesloft_webhooks.cli.console import complain, note, show_json, stderr
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.cli.times import parse_moment
from salesloft_webhooks.operations.stop_signals import stop_event
from salesloft_webhooks.salesloft import PER_MINUTE, Patience, open_salesloft
from salesloft_webhooks.telemetry import Found

if TYPE_CHECKING:
    from salesloft_webhooks.backfill.single_run import Reported, ResourceResult
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.settings import Settings

    Results = dict[str, ResourceResult]

COLUMNS = ("RESOURCE", "STATE", "ARRIVED", "MISSED", "UNREADABLE", "EVENTS")


def begin_run(
    since: str, until: str, resources: str | None, *, dry_run: bool, rate: float | None, as_json: bool
) -> NoReturn:
    """Begin a run, and end the command with what has become of it; ``rate``: deliveries a second, None: by settings."""
    first, last = parse_moment(since), parse_moment(until) if until else None
    if last and last <= first:
        raise typer.BadParameter(f"--until {until} lies before --since {since}")
    names = tuple(name.strip() for name in (resources or "").split(",") if name.strip())
    span = Span("" if dry_run else new_run_name(), first, last, chosen(names))
    if not dry_run:
        note(f"backfill {span.name}: interrupted at any time, it goes on with: backfill resume {span.name}")
    results, name = with_store(lambda store, settings: _run(store, _paced(settings, rate), span, dry_run=dry_run))
    if dry_run:
        note("dry run: nothing was published")
    _report(name, results, as_json=as_json)


def resume_run(name: str, *, rate: float | None, as_json: bool) -> NoReturn:
    """Go on with a run, likewise."""

    async def act(store: "Store", settings: "Settings") -> "tuple[Results, str]":
        return await _run(store, _paced(settings, rate), await span_of(store, name), dry_run=False)

    results, name = with_store(act)
    _report(name, results, as_json=as_json)


def _paced(settings: "Settings", rate: float | None) -> "Settings":
    return settings.model_copy(update={"backfill_events_per_second": rate}) if rate else settings


async def _run(store: "Store", settings: "Settings", span: Span, *, dry_run: bool) -> "tuple[Results, str]":
    budget = SharedBudget(store, per_minute=PER_MINUTE)
    patience = Patience(floor=settings.backfill_api_reserve)
    with stop_event() as stop, _progress(span) as reported:
        async with open_salesloft(settings, budget, patience) as salesloft, Publisher(store, settings) as publisher:
            run = SingleRun(store, None if dry_run else publisher, salesloft, settings, reported)
            await run_until(stop, run.run(span))
    return run.results, span.name


@contextmanager
def _progress(span: Span) -> "Iterator[Reported]":
    """A bar on stderr, if somebody is there to see it: of the time that is covered, for lists do not say how many."""
    console = stderr()
    if not console.is_terminal:
        yield lambda _name, _since, _at, _until: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks = {kind.name: bars.add_task(kind.name, total=1.0) for kind in span.kinds}

        def reported(name: str, since: datetime, at: datetime, until: datetime) -> None:
            bars.update(tasks[name], total=(until - since).total_seconds(), completed=(at - since).total_seconds())

        yield reported


def _report(name: str, results: "Results", *, as_json: bool) -> NoReturn:
    if as_json:
        show_json({"run": name, "resources": {each: _as_json(result) for each, result in results.items()}})
    else:
        rows = [_row(each, result) for each, result in results.items()]
        show_table(COLUMNS, rows, numbers=("ARRIVED", "MISSED", "UNREADABLE"), cut=("EVENTS",))
    for each, result in results.items():
        if result.reason and result.state is not RunState.DONE:
            complain(f"{each}: {result.reason}")
    states = {result.state for result in results.values()}
    if name and RunState.PAUSED in states:
        complain(f"not read to the end; go on with: backfill resume {name}")
    whole = states <= {RunState.DONE, RunState.NOT_WANTED} and results
    raise typer.Exit(ExitCode.OK if whole else ExitCode.PARTLY)


def _row(name: str, result: "ResourceResult") -> tuple[str, ...]:
    counts = (f"{result.found.get(found, 0):,}" for found in (Found.ARRIVED, Found.MISSED, Found.UNREADABLE))
    types = ", ".join(f"{count:,} {event_type}" for event_type, count in sorted(result.types.items()))
    return (name, result.state, *counts, types)


def _as_json(result: "ResourceResult") -> dict[str, object]:
    counts = {str(found): result.found.get(found, 0) for found in Found}
    return {"state": str(result.state), **counts, "events": result.types, "reason": result.reason}
