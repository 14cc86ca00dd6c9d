"""`warehouse erase`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from salesloft_webhooks.cli.commands.warehouse.compact import GRACE_MINUTES
from salesloft_webhooks.cli.commands.warehouse.opened import opened
from salesloft_webhooks.cli.console import complain, confirm, note, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson, Yes

People = Annotated[
    list[str] | None, typer.Option("--person", metavar="ID", help="The person's id in SalesLoft. Repeatable.")
]
ListOfPeople = Annotated[
    str, typer.Option("--persons", metavar="FILE", help="A file with an id in each line; - reads stdin.")
]
MOST_DIGITS = 18
"""Digits of what a column of whole numbers has."""


def erase(*, person: People = None, persons: ListOfPeople = "", yes: Yes = False, as_json: AsJson = False) -> None:
    """Erase people from the files: rows of theirs that are there, and by later compactions what is written yet.

    Erase them in SalesLoft and by `erase` in the store first. Reads every file once, for all of them together, and
    compacts; may be repeated, and goes on where it ended.
    """
    wanted = _ids(person or (), persons)
    storage, configuration = opened()  # which says what is missing where Arrow is
    from salesloft_webhooks.handlers.builtin.warehouse.erasure import erase_persons

    whom = f"person {wanted[0]}" if len(wanted) == 1 else f"{len(wanted):,} persons"
    confirm(f"Erase {whom} from the warehouse's files for good?", yes=yes)
    grace = timedelta(minutes=GRACE_MINUTES)
    done = erase_persons(storage, wanted, grace=grace, now=datetime.now(UTC), typed=configuration.typed)
    if as_json:
        damaged = {each.path: each.problem for each in done.damaged}
        counts = {"persons": len(wanted), "rows": done.rows, "complete": done.complete}
        show_json({**counts, "damaged": damaged, "changed": done.changed})
    else:
        note(f"{done.rows:,} row(s) erased")
        for each in done.damaged:
            complain(f"{each.path} may have more: {each.problem}")
        for folder in done.changed:
            complain(f"{folder}: somebody else changes it; repeat this")
    if not done.complete:
        raise typer.Exit(ExitCode.PARTLY)


def _ids(options: Sequence[str], file: str) -> list[int]:
    """All that are named, each once; nobody is erased if any of them is no id."""
    named = [("--person", each) for each in options]
    if file:
        from salesloft_webhooks.cli.delivery_target import content

        lines = content(file).decode("utf-8-sig", errors="replace").split("\n")
        named += [(f"--persons, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not named:
        raise typer.BadParameter("say who: --person ID, or --persons FILE with an id in each line")
    ids: dict[int, None] = {}
    for place, text in named:
        digits = text.strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
            # Not what it says: a list with more than ids in it has people's data.
            raise typer.BadParameter(f"{place} takes an id, as the column `person_id` has it")
        ids[int(digits)] = None
    return [*ids]
