"""Erasing a person: what there is first, then a button that says how much it will erase."""

import asyncio
import shlex
from contextlib import suppress

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.erasure import Found, erase_person, find_person, is_person
from salesloft_webhooks.broker.administration.erasure_advice import what_is_left
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import COUNTING_SECONDS, Done, View, action, page

LOOK_SECONDS = 8.0
"""Erasing looks through everything twice more, and writes it anew: where one look takes longer, a page is no place."""
TOO_MUCH = "There is more in the store than can be looked through while you wait: erase the person by the command"
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
    if (found := await _look(console, whom)) is None:
        return _view(EraseValues(whom, problem=f"{TOO_MUCH}."))
    return _view(EraseValues(whom, found, sum(found.counts.values())))


async def _look(console: Console, whom: str) -> Found | None:
    """What is stored of the person; None: it takes too long to find out."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            return await find_person(console.store, whom)
    return None


def _view(values: EraseValues) -> View:
    whom = values.whom if is_person(values.whom) else ""
    command = shlex.join(["salesloft-webhooks", "erase", "--person", whom or "ID", "--dry-run"])
    return View("erase.html", "Erase a person", values, command)


async def erase(form: Form, console: Console, _person: Person) -> Done:
    """Erase, once as many things are there as the page has said."""
    whom = form.required("person")
    if not is_person(whom):
        raise FormRefused("person must be the id of a person")
    if (found := await _look(console, whom)) is None:
        raise FormRefused(TOO_MUCH)
    form.confirmed(sum(found.counts.values()))
    erased = await erase_person(console.store, console.settings, whom, patience_seconds=PATIENCE_SECONDS)
    said = ", ".join(f"{count:,} {name}" for name, count in erased.counts.items())
    left = "; ".join(what_is_left(erased))
    return Done(f"Erased {said}." + (f" But {left}." if left else ""), "/erase", erased.counts)


ROUTES = [
    page("/erase", erasure, label="Erase", needs=Role.DESTROY, seconds=COUNTING_SECONDS),
    action("/erase", erase, needs=Role.DESTROY, act="erase", audited=["person"], bulk=True),
]
