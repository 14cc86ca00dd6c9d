"""Erasing a person: what there is first, then a button that says how much it will erase."""

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.erasure import Found, erase_person, find_person, is_person
from salesloft_webhooks.broker.administration.erasure_advice import what_is_left
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.console.still_counting import still_counting

ERASE_SECONDS = 900.0
"""Of a long history every stream is written anew. A proxy in front gives up before that; the erasure goes on, and the
audit says what came of it."""
PATIENCE_SECONDS = 10.0
"""Somebody waits for the answer: what takes longer is said, and done by the next time."""


class EraseValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        whom: The id of the person; empty: nobody yet. `person` is who has signed in.
        found: What is stored of them; None: nobody was asked for.
        total: Of all kinds together.
        problem: Why there is nothing to show; empty: there is.
    """

    whom: str
    found: Found | None = None
    total: int = 0
    problem: str = ""


async def erasure(request: Request, console: Console) -> View:
    """How much is stored of a person, and the button that erases it."""
    whom = request.query_params.get("person", "").strip()
    if not whom:
        return _view(EraseValues(whom))
    if not is_person(whom):
        return _view(EraseValues(whom, problem="That is no id of a person: SalesLoft's have digits only."))
    found = await console.countings.result(request, f"erase {whom}", lambda: find_person(console.store, whom))
    if found is None:
        return still_counting("Erase a person", _command(whom))
    return _view(EraseValues(whom, found, sum(found.counts.values())))


def _view(values: EraseValues) -> View:
    buttons = {"Erase for good": command_line("erase", person=values.whom)} if values.found else {}
    command = _command("" if values.problem else values.whom)
    return View("erase.html", "Erase a person", values, command, buttons=buttons)


def _command(whom: str) -> str:
    return command_line("erase", person=whom or "ID", dry_run=True)


async def erase(form: Form, console: Console, _person: Person) -> Done:
    """Erase, once as many things are there as the page has said."""
    whom = form.required("person")
    if not is_person(whom):
        raise FormRefused("person must be the id of a person")
    found = await find_person(console.store, whom)
    form.confirmed(sum(found.counts.values()))
    erased = await erase_person(console.store, console.settings, whom, patience_seconds=PATIENCE_SECONDS)
    said = ", ".join(f"{count:,} {name.replace('_', '-')}" for name, count in erased.counts.items())
    left = "; ".join(what_is_left(erased))
    return Done(f"Erased {said}." + (f" But {left}." if left else ""), "/erase", erased.counts)


ROUTES = [
    page("/erase", erasure, label="Erase", needs=Role.DESTROY),
    action("/erase", erase, needs=Role.DESTROY, act="erase", audited=["person"], bulk=True, seconds=ERASE_SECONDS),
]
