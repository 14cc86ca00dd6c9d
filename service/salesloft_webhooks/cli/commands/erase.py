"""`erase`: one person's data out of the store."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import complain, confirm, described, note, show, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.options import AsJson, Yes
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.erasure import Erased, Found
    from salesloft_webhooks.settings import Settings


def erase(
    *,
    person: Annotated[str, typer.Option("--person", metavar="ID", help="The person's id in SalesLoft.")],
    wait_seconds: Annotated[
        float, typer.Option("--wait-seconds", min=0, help="For workers that run something of it, and for files.")
    ] = 60.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is there.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person: data leaves the store and its files, ids of events and what became of them stay.

    Erase the person in SalesLoft first, or news will come in again. What handlers have written elsewhere is not
    touched: docs/security.md says what is yours to erase. May be repeated, and goes on where it ended.
    """
    from salesloft_webhooks.broker.administration.erasure import ErasedInPart, erase_person, find_person, is_person

    if not is_person(person):
        raise typer.BadParameter("--person takes an id, as `events show` has it behind `person:`")

    async def act(store: "Store", settings: "Settings") -> "Found | Erased":
        found = await find_person(store, person)
        if dry_run:
            return found
        confirm(f"Erase {_counted(found)} of person {person} for good?", yes=yes)
        try:
            erased = await erase_person(store, settings, person, patience_seconds=wait_seconds)
        except ErasedInPart as exc:
            await write_own_act(store, "erase", {"person": person}, exc.counts, outcome="failed")
            fail(str(exc), code=ExitCode.PARTLY if any(exc.counts.values()) else ExitCode.UNREACHABLE)
        await write_own_act(store, "erase", {"person": person}, erased.counts)
        return erased

    result = with_store(act)
    if dry_run:
        note("dry run: nothing was changed")
        show_json(described(result)) if as_json else show(_counted(result))
        return
    _name_the_warehouse(person)
    _report(result, as_json=as_json)


def _name_the_warehouse(person: str) -> None:
    """It has files, which only a command with Arrow can write anew."""
    from salesloft_webhooks.errors import ConfigurationError
    from salesloft_webhooks.handlers.builtin.configuration import load_configuration
    from salesloft_webhooks.settings import Settings

    with suppress(ConfigurationError):  # a file whose secrets are not here; it is no setting of this command's
        if load_configuration(Settings.load()).warehouse is not None:
            note(f"the warehouse's files are not reached by this: salesloft-webhooks warehouse erase --person {person}")


def _counted(found: "Found") -> str:
    return (
        f"{found.entries:,} event(s), {found.letters:,} dead letter(s), {found.follow_ups:,} follow-up(s) and "
        f"{found.quarantined:,} quarantined delivery(ies)"
    )


def _report(erased: "Found | Erased", *, as_json: bool) -> None:
    from salesloft_webhooks.broker.administration.erasure import Erased
    from salesloft_webhooks.broker.administration.erasure_advice import what_is_left

    assert isinstance(erased, Erased)  # noqa: S101 - no dry run
    if as_json:
        streams = {str(ending): count for ending, count in erased.streams}
        show_json({**described(erased), "streams": streams, "complete": erased.is_complete})
    else:
        show(f"erased {_counted(erased)}; {erased.running:,} of the events ran meanwhile")
    for line in what_is_left(erased):
        complain(line)
    raise typer.Exit(ExitCode.OK if erased.is_complete else ExitCode.PARTLY)
