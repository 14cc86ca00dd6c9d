"""`warehouse check`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from salesloft_webhooks.cli.commands.warehouse.opened import opened
from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson

if TYPE_CHECKING:
    from salesloft_webhooks.handlers.builtin.warehouse.checking import Check


def check(*, as_json: AsJson = False) -> None:
    """Read every file, typed tables included, and say whether all are what they should be, and what to do.

    Which events count, which files are damaged, or named and not there, whether the rows of typed tables are what the
    events say, and when the last complete compaction began. Exit code 1: something is wrong. What only waits for the
    next compaction is not.
    """
    storage, configuration = opened()  # which says what is missing where Arrow is
    from salesloft_webhooks.cli.commands.warehouse.advice import advice
    from salesloft_webhooks.handlers.builtin.warehouse.checking import check as check_files
    from salesloft_webhooks.handlers.builtin.warehouse.compaction_record import CompactionRecord, compacted_at

    found = check_files(storage)
    compacted = compacted_at(storage, CompactionRecord.read(storage))
    advised = list(advice(found, configuration, compacted, datetime.now(UTC)))
    if as_json:
        behind = found.typed.behind if configuration.typed else 0
        show_json({**_counts(found, behind), "compacted": compacted and compacted.isoformat(), "do": advised})
    else:
        for line in (*_lines(found), *(f"do: {each}" for each in advised)):
            note(line)
    if not found.sound:
        raise typer.Exit(ExitCode.FAILED)


def _counts(found: "Check", behind: int) -> dict[str, object]:
    typed = found.typed
    return {
        "files": found.files,
        "rows": found.rows,
        "events": found.events,
        "counted": found.counted,
        "other_days": found.other_days,
        "erasable": found.erasable,
        "typed": {"files": typed.files, "rows": typed.rows, "behind": behind, "erasable": typed.erasable},
        "sound": found.sound,
        "damaged": {each.path: each.problem for each in (*found.damaged, *typed.damaged)},
        "missing": [*found.missing, *typed.missing],
    }


def _lines(found: "Check") -> Iterator[str]:
    repeated, typed = found.rows - found.events, found.typed
    if found.other_days:
        yield f"{found.other_days:,} of the manifest's rows are of events that came again with another day"
    yield f"{found.files:,} file(s) with {found.events:,} event(s), {repeated:,} row(s) more than once"
    yield f"the manifest counts {found.counted:,} of them"
    if typed.files:
        yield f"typed tables: {typed.files:,} file(s), and their manifests count {typed.rows:,} row(s)"
    if erasable := found.erasable + typed.erasable:
        yield f"{erasable:,} row(s) are of erased persons, and go with the next compaction"
    for each in (*found.damaged, *typed.damaged):
        yield f"{each.path}: {each.problem}"
    for path in found.missing:
        yield f"the manifest names what is not there: {path}"
    for path in typed.missing:
        yield f"the manifest of a typed table names what is not there: {path}"
