"""Bulk work: what is under way and what was, how far it is, and the button that stops it."""

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.listed_runs import find_run, runs, stop
from salesloft_webhooks.broker.administration.run_records import Run, RunKind
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import NotFound
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.console.run_rows import KINDS
from salesloft_webhooks.console.shown_commands import command_line

SHOWN = 50


class RunValues(Struct, frozen=True):
    """What the page of one run shows.

    Attributes:
        run: It.
        passed: How many things are dealt with.
        ended: Whether nothing will be done any more.
        may_stop: Whether whoever looks may stop it.
        kinds: See `KINDS`.
    """

    run: Run
    passed: int
    ended: bool
    may_stop: bool
    kinds: dict[str, str]


async def list_runs(_request: Request, console: Console) -> View:
    """The latest runs."""
    found = await runs(console.store, limit=SHOWN)
    values = {"runs": found, "passed": {run.run_id: run.passed for run in found}, "kinds": KINDS}
    return View("runs.html", "Runs", values, command_line("runs list"))


async def show_run(request: Request, console: Console) -> View:
    """One run; the page asks for itself again until it has ended."""
    run = await find_run(console.store, request.path_params["run"])
    if run is None:
        raise NotFound("There is no such run, or it is forgotten: the latest 500 are kept")
    person: Person = request.state.person
    does = run.kind.replace("_", " ").capitalize()
    title = f"{does} {run.total:,} in {run.group}" if run.group else does
    values = RunValues(run, run.passed, run.state.ended, person.may(Role.OPERATE), KINDS)
    buttons = {"Stop it": command_line("runs stop", run.run_id)} if values.may_stop and not values.ended else {}
    if buttons and run.kind is RunKind.REPLAY_ARCHIVE:
        buttons["Go on with it"] = command_line("replay", run.group, resume=True)
    return View("run.html", title, values, command_line("runs show", run.run_id), buttons=buttons)


async def stop_run(form: Form, console: Console, person: Person) -> Done:
    """Stop a run; the batch in hand is finished."""
    run_id = form.text("run")
    if (state := await stop(console.store, run_id, by=person.name)) is None:
        raise NotFound("There is no such run")
    said = f"It is {state}: nothing more is done." if state.ended else "It ends with the batch in hand."
    left = await find_run(console.store, run_id)  # of the replay of an archive nothing is left but the audit
    return Done(f"{said} The rest stays as it was.", f"/runs/{run_id}" if left else "/runs", run=run_id)


ROUTES = [
    page("/runs", list_runs, label="Runs"),
    page("/runs/{run}", show_run),
    action("/runs/{run}/stop", stop_run, needs=Role.OPERATE, act="stop_run", audited=("run",)),
]
