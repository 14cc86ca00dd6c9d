"""`groups list`."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.status import pause_text
from salesloft_webhooks.cli.console import show_json
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.cli.times import moment_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.groups import Registration
    from salesloft_webhooks.broker.administration.stats import GroupStats
    from salesloft_webhooks.settings import Settings


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
                "pause_by": stats.pause_by,
                "pause_reason": stats.pause_reason,
                "pause_seconds": stats.pause_seconds,
                "limits": stats.limits,
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
