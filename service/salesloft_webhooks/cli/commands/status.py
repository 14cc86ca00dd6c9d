"""`status`: what every group still has to do."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import described, note, show, show_json, stdout
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.store_access import follow, with_store
from salesloft_webhooks.cli.tables import Row, one_line, render_table
from salesloft_webhooks.cli.times import seconds_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.overview import Overview
    from salesloft_webhooks.broker.administration.stats import GroupStats, PartitionStats, Stats
    from salesloft_webhooks.settings import Settings

NUMBERS = ("LAG", "RUNNING", "RETRY", "PARKED", "DUE", "DEAD", "OLDEST", "WORKERS")
COLUMNS = ("GROUP", *NUMBERS, "ACTIVE")
_WHO = {"manual": "by hand", "breaker": "by a handler", "declared": "by ConsumerGroup "}


def status(
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Again and again, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks with --watch.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Show what each group still has to do, and how full the store is."""
    if not watch:
        seen, settings = with_store(_look)
        _show(seen.stats, settings, as_json=as_json, seen=seen)
    elif as_json or not stdout().is_terminal:
        follow(lambda store, settings: _print_again_and_again(store, settings, every, as_json=as_json))
    else:
        follow(lambda store, settings: _live(store, settings, every))


async def _look(store: "Store", settings: "Settings") -> "tuple[Overview, Settings]":
    from salesloft_webhooks.broker.administration.overview import overview

    return await overview(store), settings


def _show(stats: "Stats", settings: "Settings", *, as_json: bool, seen: "Overview | None" = None) -> None:
    if as_json:
        groups = [{**described(group), "backlog": group.backlog} for group in stats.groups]
        more = {} if seen is None else _more(seen)
        show_json({"groups": groups, "partitions": stats.partitions, **more})
        return
    if not stats.groups:
        note("no group is registered yet: start a worker (`salesloft-webhooks worker --group activity`)")
    show(table(stats.groups))
    show(summary(stats.partitions))
    if line := outlook(stats, settings):
        show(line)
    for each in () if seen is None else seen.conditions:
        show(one_line(f"{each.severity}: {f'{each.subject}: ' if each.subject else ''}{each.text}"))


def _more(seen: "Overview") -> dict[str, object]:
    """What `--watch` does not look at, and the console's first page shows as well."""
    from msgspec import to_builtins

    rows = [{**to_builtins(each), "runbook": each.runbook} for each in seen.conditions]
    found = {"deliveries": seen.deliveries, "receivers": seen.receivers, "rates": seen.rates}
    return {**to_builtins(found), "conditions": rows}


async def _print_again_and_again(store: "Store", settings: "Settings", every: float, *, as_json: bool) -> None:
    from salesloft_webhooks.broker.administration.stats import measure

    while True:
        _show(await measure(store), settings, as_json=as_json)
        await asyncio.sleep(every)


async def _live(store: "Store", settings: "Settings", every: float) -> None:
    from rich.console import Group
    from rich.live import Live

    from salesloft_webhooks.broker.administration.stats import measure

    with Live(console=stdout(), screen=False, auto_refresh=False) as live:
        while True:
            stats = await measure(store)
            live.update(Group(table(stats.groups), summary(stats.partitions), outlook(stats, settings)), refresh=True)
            await asyncio.sleep(every)


def table(groups: Iterable["GroupStats"]) -> "RenderableType":
    """A line or two per group."""
    return render_table(COLUMNS, [_row(group) for group in groups], numbers=NUMBERS, cut=("GROUP",))


def _row(group: "GroupStats") -> Row:
    numbers = (group.lag, group.running, group.scheduled, group.parked, group.due, group.dead)
    oldest = seconds_text(group.oldest_age_seconds) if group.oldest_age_seconds else "-"
    cells = (
        group.group,
        *(f"{number:,}" for number in numbers),
        oldest,
        group.consumers,
        "no" if group.paused else "yes",
    )
    details = [pause_text(group)] if group.paused else []
    details += [f"limited to {group.limits}"] if group.limits else []
    details += [f"{group.unhandled:,} wait for a worker with a handler for them"] if group.unhandled else []
    details += [follow_ups_text(group)] if group.follow_ups else []
    details += [f"retried because of {group.retry_reason}"] if group.retry_reason else []
    alarming = {name for name, count in (("DEAD", group.dead), ("WORKERS", not group.consumers)) if count}
    return Row(cells, "; ".join(details), alarming)


def follow_ups_text(group: "GroupStats") -> str:
    """How many follow-ups wait, and when the first of them is due."""
    first = group.next_follow_up_seconds or 0.0
    due = f"is due in {seconds_text(first)}" if first > 0 else "is due"
    return f"{group.follow_ups:,} {'follow-up waits' if group.follow_ups == 1 else 'follow-ups wait'}, the first {due}"


def pause_text(group: "GroupStats") -> str:
    """Whether a group takes events, and if not, why and for how long."""
    if not group.paused:
        return "yes"
    until = "until resumed" if group.pause_seconds is None else f"for {seconds_text(group.pause_seconds)}"
    why = f": {group.pause_reason}" if group.pause_reason else ""
    return f"paused {_WHO.get(group.pause, '')}{group.pause_by}, {until}{why}"


def outlook(stats: "Stats", settings: "Settings") -> str:
    """How far history reaches, and what will be needed at the rate there was, in one line; empty: nobody knows yet."""
    from salesloft_webhooks.broker.administration.forecast import forecast
    from salesloft_webhooks.broker.administration.stats import memory_limit_bytes

    foreseen = forecast(stats.partitions, len(stats.groups), settings)
    if not foreseen.needed_bytes:
        return ""
    reaches = f"{seconds_text(foreseen.history_seconds)} of {seconds_text(settings.retention_seconds)}"
    needed = f"{foreseen.needed_bytes / 2**30:,.2f} GiB"
    room = settings.history_memory_share * memory_limit_bytes(stats.partitions)
    verdict = ", more than there is: it will be shorter" if 0 < room < foreseen.needed_bytes else ""
    return f"history: {reaches}, at {foreseen.rate:,.1f} events/s it and the records need {needed}{verdict}"


def summary(partitions: Iterable["PartitionStats"]) -> str:
    """The store in one line. Partitions usually share a server, so the fullest one speaks for all."""
    rows = tuple(partitions)
    used = max(row.memory_used_bytes for row in rows)
    limit = max(row.memory_limit_bytes for row in rows)
    memory = f"{used / 2**20:,.1f} MiB" + (f" of {limit / 2**20:,.0f} MiB" if limit else ", no limit")
    entries, quarantined = sum(row.entries for row in rows), sum(row.quarantined for row in rows)
    return f"stream: {entries:,} entries, quarantine: {quarantined:,}, memory: {memory}"
