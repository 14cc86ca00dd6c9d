"""`backfill status`: how far each resource was read, and which runs there are."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table

if TYPE_CHECKING:
    from salesloft_webhooks.broker.backfill_jobs import Jobs

COLUMNS = ("JOB", "RESOURCE", "READ UNTIL", "NEWEST CHANGE", "ARRIVED", "MISSED", "UNREADABLE")
NUMBERS = ("ARRIVED", "MISSED", "UNREADABLE")
FIELDS = ("reached", "cursor", "arrived", "missed", "unreadable")


def status(*, as_json: AsJson = False) -> None:
    """Show how far each resource was read, by the role and by each run, and what was found. Times are SalesLoft's."""
    from salesloft_webhooks.broker.backfill_jobs import jobs

    rows = rows_of(with_store(lambda store, _: jobs(store)))
    if as_json:
        names = ("job", "resource", *FIELDS)
        show_json([dict(zip(names, row, strict=True)) for row in rows])
    elif rows:
        show_table(COLUMNS, rows, numbers=NUMBERS)
    else:
        note("no backfill has ever run here")


def rows_of(found: "Jobs") -> list[tuple[str, ...]]:
    """A row for each resource of each job."""
    return [
        (job, resource, *(fields.get(name) or _nothing(name) for name in FIELDS))
        for job, resources in sorted(found.items())
        for resource, fields in sorted(resources.items())
        if "cursor" in fields
    ]


def _nothing(name: str) -> str:
    return "-" if name in {"reached", "cursor"} else "0"
