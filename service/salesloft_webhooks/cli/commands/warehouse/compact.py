"""`warehouse compact`."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.warehouse.opened import opened
from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson

if TYPE_CHECKING:
    from salesloft_webhooks.handlers.builtin.warehouse.compaction import Compaction
    from salesloft_webhooks.handlers.builtin.warehouse.typed_files import TypedDone

GRACE_MINUTES = 60.0
GraceMinutes = Annotated[
    float, typer.Option(min=0, help="How long a file stays whose events another one has: queries may be reading it.")
]


def compact(*, grace_minutes: GraceMinutes = GRACE_MINUTES, as_json: AsJson = False) -> None:
    """Join small files into one for each type and day, and write the manifest; may run at any time, and end at any."""
    storage, configuration = opened()  # which says what is missing where Arrow is
    from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact as compact_files

    grace = timedelta(minutes=grace_minutes)
    done = compact_files(storage, grace=grace, now=datetime.now(UTC), typed=configuration.typed)
    if as_json:
        damaged = {each.path: each.problem for each in done.damaged}
        typed = {"typed": _counts(done.typed)} if done.typed else {}
        show_json({**_counts(done), "damaged": damaged, "changed": done.changed, **typed})
    else:
        note(_line(done))
        if done.typed:
            note(f"typed tables: {_line(done.typed)}")
        for each in done.damaged:
            note(f"{each.path}: {each.problem}")
        for folder in done.changed:
            note(f"{folder}: somebody else changes it, it is left for the next time")
    if not done.complete:
        raise typer.Exit(ExitCode.PARTLY)


def _counts(done: "Compaction | TypedDone") -> dict[str, int]:
    return {"files": len(done.files), "written": done.written, "deleted": done.deleted}


def _line(done: "Compaction | TypedDone") -> str:
    return f"{len(done.files):,} file(s) count; {done.written:,} written, {done.deleted:,} deleted"
