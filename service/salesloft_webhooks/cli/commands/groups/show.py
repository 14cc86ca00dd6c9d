"""`groups show`."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.status import pause_text, table
from salesloft_webhooks.cli.console import show, show_json
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.options import AsJson, GroupName
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table, single_line
from salesloft_webhooks.cli.times import seconds_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.group_look import GroupLook
    from salesloft_webhooks.broker.administration.holdings import HeldLane, Retries, Running


def show_group(group: GroupName, *, as_json: AsJson = False) -> None:
    """Show one group: who runs what, which retries come next and why, which lanes are held back."""
    found = with_store(lambda store, _: _look(store, group))
    if as_json:
        from msgspec import to_builtins

        show_json(to_builtins(found))
        return
    show(table([found.stats]))
    taken = ", ".join(found.registration.events) or "every event"
    show(single_line(f"takes {taken}; order: {found.registration.ordering}"))
    if found.stats.paused:
        show(single_line(pause_text(found.stats)))
    for number, line in enumerate(found.limits.lines):
        show(single_line(f"limits: {line}" if number == 0 else f"        {line}"))
    for limit in found.handler_limits:
        show(single_line(f"limits of {limit.text}"))
    if found.trend.empty_in_seconds is not None:
        show(f"backlog: empty in {seconds_text(found.trend.empty_in_seconds)} if it goes on like that")
    _show_running(found.holdings.running)
    _show_retries(found.holdings.retries)
    _show_lanes(found.holdings.lanes)


async def _look(store: "Store", group: str) -> "GroupLook":
    from salesloft_webhooks.broker.administration.group_look import look_at_group

    await require_group(store, group)
    return await look_at_group(store, group)


def _show_running(running: "tuple[Running, ...]") -> None:
    if running:
        rows = [
            (one.event_id, one.event_type, one.attempt, seconds_text(max(one.lease_seconds, 0)), one.consumer)
            for one in running
        ]
        show_table(("RUNNING", "TYPE", "ATTEMPT", "LEASE", "WORKER"), rows, numbers=("ATTEMPT",))


def _show_retries(retries: "Retries") -> None:
    if retries.looked_at:
        rows = [(error, f"{number:,}") for error, number in retries.by_error.items()]
        show_table((f"NEXT {retries.looked_at:,} RETRIES BECAUSE OF", "EVENTS"), rows, numbers=("EVENTS",))


def _show_lanes(lanes: "tuple[HeldLane, ...]") -> None:
    if lanes:
        rows = [(one.lane, f"{one.waiting:,}", one.event_id, _why(one)) for one in lanes]
        show_table(("LANE", "WAITING", "BEHIND", "WHICH"), rows, numbers=("WAITING",), cut=("WHICH",))


def _why(lane: "HeldLane") -> str:
    if lane.running:
        return f"runs (attempt {lane.attempts})"
    if lane.due_seconds is None:
        return "waits for a worker with a handler for it"
    return f"comes again in {seconds_text(lane.due_seconds)}: {lane.error or 'it was handed back'}"
