"""Shows snapshots of the pipeline: a live view on a terminal, a plain line every few seconds elsewhere."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from salesloft_webhooks.cli.commands.status import summary

if TYPE_CHECKING:
    from rich.console import RenderableType

    from salesloft_webhooks.broker.administration.stats import GroupStats
    from salesloft_webhooks.cli.commands.up.snapshot import GroupSnapshot, SalesloftSnapshot, Snapshot
    from salesloft_webhooks.cli.commands.up.supervised_process import SupervisedProcess

STORE_FAILURES = ("store_unavailable", "store_full", "store_refused", "not_durable")
LEFT_OUT = ("stored", "duplicate", "rejected", "unreadable", *STORE_FAILURES)
COLUMNS = ("GROUP", "WAITING", "RUNNING", "RETRY", "DEAD", "HANDLED", "PER S", "FAILED", "P50", "P99", "")


def count(number: float) -> str:
    """A whole number with thousands separated."""
    return f"{number:,.0f}"


def duration(seconds: float | None) -> str:
    """A short time, in milliseconds below a second."""
    if seconds is None:
        return "-"
    if seconds < 0.01:
        return f"{seconds * 1_000:.1f} ms"
    return f"{seconds * 1_000:,.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds since the start."""
    return f"{int(seconds) // 3_600:02d}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"


def live(snapshot: "Snapshot", children: Sequence["SupervisedProcess"], running_seconds: float) -> "RenderableType":
    """The live view: receiver, stream, groups, processes, from top to bottom as an event passes through."""
    return Group(
        Rule(Text(f"running for {clock(running_seconds)}   Ctrl-C stops everything, data is kept"), align="left"),
        *([_salesloft(snapshot.salesloft), Text("")] if snapshot.salesloft else []),
        _receiver(snapshot),
        Text(""),
        _stream(snapshot),
        Text(""),
        _groups(snapshot.groups),
        Text(""),
        _processes(children),
    )


def _salesloft(salesloft: "SalesloftSnapshot") -> Text:
    words = (
        f"{count(salesloft.subscriptions)} subscribed; {count(salesloft.changes)} changes: "
        f"{count(salesloft.reached)} delivered, {count(salesloft.unsubscribed)} unsubscribed, "
    )
    lost = f"{count(salesloft.lost)} lost"
    return Text.assemble(("SALESLOFT   ", "bold"), words, (lost, "red" if salesloft.lost else ""))


def _receiver(snapshot: "Snapshot") -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", min_width=10)
    grid.add_column(justify="right", min_width=9)
    grid.add_column()
    for name, number, remark, style in _receiver_rows(snapshot):
        grid.add_row(name, Text(number, style=style), Text(remark, style="dim"))
    return grid


def _receiver_rows(snapshot: "Snapshot") -> Iterator[tuple[str, str, str, str]]:
    deliveries = snapshot.deliveries
    rate = (
        f"{snapshot.rate:,.1f} per second, answered in {duration(snapshot.p50)} (p50), {duration(snapshot.p99)} (p99)"
    )
    yield "RECEIVED", count(sum(deliveries.values())), rate, "bold"
    refused = ", ".join(f"{reason.replace('_', ' ')} {count(number)}" for reason, number in snapshot.refused.items())
    yield "  refused", count(deliveries.get("rejected", 0)), refused or "401: nobody came unsigned yet", ""
    yield "  unreadable", count(deliveries.get("unreadable", 0)), "400: signed, kept in quarantine", ""
    failed = sum(deliveries.get(outcome, 0) for outcome in STORE_FAILURES)
    yield "  put off", count(failed), "503: not stored, the sender comes again", "red" if failed else ""
    others = {name: number for name, number in deliveries.items() if name not in LEFT_OUT and number}
    if others:
        names = ", ".join(f"{name.replace('_', ' ')} {count(number)}" for name, number in others.items())
        yield "  other", count(sum(others.values())), names, "red" if "error" in others else ""
    yield "  duplicates", count(deliveries.get("duplicate", 0)), "200: known already, stored once", ""
    yield "  stored", count(deliveries.get("stored", 0)), "200: new, on disk before the answer", "green"


def _stream(snapshot: "Snapshot") -> Text:
    if snapshot.stats is None:
        return Text("STREAM      the store does not answer", style="bold red")
    return Text.assemble(("STREAM      ", "bold"), summary(snapshot.stats.partitions).removeprefix("stream: "))


def _groups(groups: Sequence["GroupSnapshot"]) -> Table:
    # Fits 80 columns.
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for column in COLUMNS:
        words = column in {"GROUP", ""}  # they give way to the numbers, which are whole or worthless
        table.add_column(column, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    for group in groups:
        stats = group.stats
        waiting = (stats.lag, stats.running, stats.scheduled) if stats else ()
        dead = stats.dead if stats else 0
        table.add_row(
            group.name,
            *(count(number) for number in waiting or ()),
            *(() if stats else ("?", "?", "?")),
            Text(count(dead) if stats else "?", style="red" if dead else ""),
            Text(count(group.handled), style="green"),
            f"{group.rate:,.1f}",
            count(group.failed),
            duration(group.p50),
            duration(group.p99),
            _paused(stats),
        )
    return table


def _paused(stats: "GroupStats | None") -> str:
    if stats is None or not stats.paused:
        return ""
    return "paused" if stats.pause_seconds is None else f"paused {stats.pause_seconds:.0f} s"


def _processes(children: Sequence["SupervisedProcess"]) -> Text:
    text = Text.assemble(("PROCESSES   ", "bold"))
    for child in children:
        running = child.pid is not None
        text.append(f"{child.program.name} ", style="" if running else "red")
        text.append(str(child.pid) if running else "down", style="dim" if running else "red")
        text.append(f" restarted {child.restarts}x   " if child.restarts else "   ", style="yellow")
    return text


def line(snapshot: "Snapshot", running_seconds: float) -> str:
    """The same in one plain line."""
    deliveries = snapshot.deliveries
    failed = sum(deliveries.get(outcome, 0) for outcome in STORE_FAILURES)
    words = [
        f"{clock(running_seconds)} received {count(sum(deliveries.values()))}",
        f"({snapshot.rate:,.1f}/s, p99 {duration(snapshot.p99)}):",
        f"stored {count(deliveries.get('stored', 0))},",
        f"duplicates {count(deliveries.get('duplicate', 0))},",
        f"refused {count(deliveries.get('rejected', 0))},",
        f"unreadable {count(deliveries.get('unreadable', 0))},",
        f"put off {count(failed)}",
    ]
    parts = [" ".join(words), *map(_group_line, snapshot.groups)]
    return " | ".join([*parts, _salesloft(snapshot.salesloft).plain] if snapshot.salesloft else parts)


def _group_line(group: "GroupSnapshot") -> str:
    words = f"{group.name}: handled {count(group.handled)} ({group.rate:,.1f}/s)"
    if group.stats is None:
        return words
    stats = group.stats
    return f"{words}, waiting {count(stats.lag)}, retry later {count(stats.scheduled)}, dead {count(stats.dead)}"
