"""How far backfills have read SalesLoft's lists, and what no webhook had brought."""

from collections.abc import Mapping

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.backfill_jobs import ROLE_JOB, Jobs, jobs
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.routes import View, page
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.timestamps import parse_timestamp

BEHIND_SECONDS = 900.0
"""A role that reads every minute and leaves two for webhooks that are under way is that far behind when it stands."""


class ResourceRow(Struct, frozen=True):
    """A list that is read.

    Attributes:
        resource: Its name.
        reached_ms: Until when nothing was left to read; None: it has not come to that.
        behind_seconds: How long ago that is; None likewise.
        is_behind: Whether that is too long.
        cursor_ms: When the newest change was made that was read; None: none was.
        arrived: Changes that a webhook had brought.
        missed: Changes that none had brought, and the backfill has.
        unreadable: Rows that could not be read: they are in quarantine.
        kept_since_ms: Since when this is written down; None: unknown. Later than the first start: the store lost it.
    """

    resource: str
    reached_ms: int | None
    behind_seconds: float | None
    is_behind: bool
    cursor_ms: int | None
    arrived: int
    missed: int
    unreadable: int
    kept_since_ms: int | None


class JobRow(Struct, frozen=True):
    """The role, or one run.

    Attributes:
        job: Its name.
        is_role: Whether it is the role.
        running: Whether a process is at it.
        resources: What it reads.
    """

    job: str
    is_role: bool
    running: bool
    resources: tuple[ResourceRow, ...]


class BackfillValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        jobs: The role first, then runs.
        missed: Changes that no webhook had brought, of the role.
    """

    jobs: tuple[JobRow, ...]
    missed: int


async def show(_request: Request, console: Console) -> View:
    """How far they are."""
    rows = _rows(await jobs(console.store), int(console.now() * 1_000))
    missed = sum(each.missed for row in rows if row.is_role for each in row.resources)
    return View("backfill.html", "Backfill", BackfillValues(rows, missed), command_line("backfill status"))


def _rows(found: Jobs, now_ms: int) -> tuple[JobRow, ...]:
    rows = []
    for job, resources in sorted(found.items(), key=lambda pair: pair[0], reverse=True):
        read = [_resource(name, fields, now_ms) for name, fields in sorted(resources.items()) if "cursor" in fields]
        lease = resources.get("", {}).get("lease", "").rpartition(" ")[2]
        rows.append(JobRow(job, job == ROLE_JOB, lease.isdigit() and int(lease) > now_ms, tuple(read)))
    return tuple(sorted(rows, key=lambda row: not row.is_role))


def _resource(name: str, fields: Mapping[str, str], now_ms: int) -> ResourceRow:
    reached = _ms(fields.get("reached"))
    behind = None if reached is None else max(now_ms - reached, 0) / 1_000
    return ResourceRow(
        resource=name,
        reached_ms=reached,
        behind_seconds=behind,
        is_behind=behind is not None and behind > BEHIND_SECONDS,
        cursor_ms=_ms(fields.get("cursor")),
        arrived=_number(fields.get("arrived")),
        missed=_number(fields.get("missed")),
        unreadable=_number(fields.get("unreadable")),
        kept_since_ms=_number(fields.get("kept_since")) or None,
    )


def _ms(text: str | None) -> int | None:
    moment = parse_timestamp(text)
    return None if moment is None else int(moment.timestamp() * 1_000)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


ROUTES = [page("/backfill", show, label="Backfill")]
