"""`warehouse compact`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from salesloft_webhooks.cli.commands.warehouse.opened import opened
from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson

GraceMinutes = Annotated[
    float, typer.Option(min=0, help="How long a file stays whose events another one has: queries may be reading it.")
]


def compact(*, grace_minutes: GraceMinutes = 60.0, as_json: AsJson = False) -> None:
    """Join small files into one for each type and day, and write the manifest; may run at any time, and end at any."""
    storage = opened()  # which says what is missing where Arrow is
    from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact as compact_files

    done = compact_files(storage, grace=timedelta(minutes=grace_minutes), now=datetime.now(UTC))
    if as_json:
        damaged = {each.path: each.problem for each in done.damaged}
        show_json(
            {
                "files": len(done.files),
                "written": done.written,
                "deleted": done.deleted,
                "damaged": damaged,
                "changed": done.changed,
            }
        )
    else:
        note(f"{len(done.files):,} file(s) count; {done.written:,} written, {done.deleted:,} deleted")
        for each in done.damaged:
            note(f"{each.path}: {each.problem}")
        for folder in done.changed:
            note(f"{folder}: somebody else changes it, it is left for the next time")
    if not done.complete:
        raise typer.Exit(ExitCode.PARTLY)
