"""`warehouse erase`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from salesloft_webhooks.cli.commands.warehouse.compact import GRACE_MINUTES
from salesloft_webhooks.cli.commands.warehouse.opened import opened
from salesloft_webhooks.cli.console import complain, confirm, note, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson, Yes

Person = Annotated[str, typer.Option("--person", metavar="ID", help="The person's id in SalesLoft.")]
MOST_DIGITS = 18
"""Digits of what a column of whole numbers has."""


def erase(*, person: Person, yes: Yes = False, as_json: AsJson = False) -> None:
    """Erase a person from the files: rows of theirs that are there, and by later compactions what is written yet.

    Erase the person in SalesLoft and by `erase` in the store first. Reads every file, and compacts; may be repeated,
    and goes on where it ended.
    """
    if not (person.isascii() and person.isdigit() and len(person) <= MOST_DIGITS):
        raise typer.BadParameter("--person takes an id, as the column `person_id` has it")
    storage, configuration = opened()  # which says what is missing where Arrow is
    from salesloft_webhooks.handlers.builtin.warehouse.erasure import erase_person

    confirm(f"Erase person {person} from the warehouse's files for good?", yes=yes)
    grace = timedelta(minutes=GRACE_MINUTES)
    done = erase_person(storage, int(person), grace=grace, now=datetime.now(UTC), typed=configuration.typed)
    if as_json:
        damaged = {each.path: each.problem for each in done.damaged}
        show_json({"rows": done.rows, "complete": done.complete, "damaged": damaged, "changed": done.changed})
    else:
        note(f"{done.rows:,} row(s) erased")
        for each in done.damaged:
            complain(f"{each.path} may have more: {each.problem}")
        for folder in done.changed:
            complain(f"{folder}: somebody else changes it; repeat this")
    if not done.complete:
        raise typer.Exit(ExitCode.PARTLY)
