"""`warehouse check`."""

import typer

from salesloft_webhooks.cli.commands.warehouse.opened import opened
from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson


def check(*, as_json: AsJson = False) -> None:
    """Read every file and say whether all are whole and in their places, and which events count."""
    storage, _ = opened()  # which says what is missing where Arrow is
    from salesloft_webhooks.handlers.builtin.warehouse.checking import check as check_files

    found = check_files(storage)
    if as_json:
        damaged = {each.path: each.problem for each in found.damaged}
        counts = {
            "files": found.files,
            "rows": found.rows,
            "events": found.events,
            "counted": found.counted,
            "other_days": found.other_days,
            "erasable": found.erasable,
        }
        show_json({**counts, "sound": found.sound, "damaged": damaged, "missing": found.missing})
    else:
        repeated = found.rows - found.events
        if found.other_days:
            note(f"{found.other_days:,} of the manifest's rows are of events that came again with another day")
        note(f"{found.files:,} file(s) with {found.events:,} event(s), {repeated:,} row(s) more than once")
        note(f"the manifest counts {found.counted:,} of them")
        if found.erasable:
            note(f"{found.erasable:,} row(s) are of erased persons, and go with the next compaction")
        for each in found.damaged:
            note(f"{each.path}: {each.problem}")
        for path in found.missing:
            note(f"the manifest names what is not there: {path}")
    if not found.sound:
        raise typer.Exit(ExitCode.FAILED)
