"""Replay: history back into one group. What it would do is counted first; the button does that, and nothing else."""

from msgspec import Struct
from msgspec.structs import replace as changed
from starlette.requests import Request

from salesloft_webhooks.broker.administration.replay import Selection, located
from salesloft_webhooks.broker.administration.replay_forecast import Forecast, forecast
from salesloft_webhooks.broker.administration.replay_steps import replay_ends, written_selection
from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.replay_question import FIELDS, ReplayQuestion, read_replay_question
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.console.still_counting import still_counting

PATIENCE_SECONDS = 20.0
"""Somebody waits for the count; what takes longer is asked for in smaller pieces."""


class ReplayValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        groups: Those there are.
        asked: What is asked for; once it is counted, with its times as ISO 8601.
        pairs: The same as it is posted.
        forecast: What it would do; None: nobody has asked, or `problem` says why there is none.
        problem: What is wrong with what was asked for; empty: nothing.
    """

    groups: tuple[str, ...]
    asked: ReplayQuestion
    pairs: list[tuple[str, str]]
    forecast: Forecast | None = None
    problem: str = ""


async def replay(request: Request, console: Console) -> View:
    """What a replay would do, of each outcome how many; nothing is changed."""
    groups = tuple(sorted(await group_names(console.store)))
    asked = ReplayQuestion()
    try:
        asked = read_replay_question(lambda name: request.query_params.get(name, ""), request.query_params.getlist)
        selection = asked.selection(console.now())
    except FormRefused as exc:
        # An address of mail that was taken for an id is not shown again.
        return _view(groups, changed(asked, person=""), problem=str(exc))
    if not asked.group:
        return _view(groups, asked)

    async def counted() -> tuple[ReplayQuestion, Forecast]:
        fixed = await located(console.store, selection)
        return asked.fixed(fixed), await _forecast(console, asked.group, fixed)

    found = await console.countings.result(request, f"replay {asked}", counted)
    return _view(groups, *found) if found else still_counting("Replay", asked.command(""))


async def start(form: Form, console: Console, person: Person) -> Done:
    """Begin what the page has counted; refused if it would be something else by now."""
    asked = read_replay_question(form.text, form.all)
    group, _ = form.required("group"), form.required("until")
    selection = asked.selection(console.now())
    found = await _forecast(console, group, selection)
    if found.digest != form.required("digest") or not found.whole:
        raise FormRefused("it would do something else by now: look at it again")
    form.confirmed(found.replayed)
    new = NewRun(
        kind=RunKind.REPLAY,
        by=person.name,
        selection=written_selection(selection),
        total=sum(found.outcomes.values()),
        ends=await replay_ends(console.store, selection),
        group=group,
    )
    run = await begin(console.store, new)
    return Done(f"{found.replayed} events are replayed into {group}", f"/runs/{run}", dict(found.outcomes), run)


async def _forecast(console: Console, group: str, selection: Selection) -> Forecast:
    ttl = console.settings.idempotency_ttl_seconds
    return await forecast(
        console.store, group, selection, idempotency_ttl_seconds=ttl, patience_seconds=PATIENCE_SECONDS
    )


def _view(groups: tuple[str, ...], asked: ReplayQuestion, found: Forecast | None = None, problem: str = "") -> View:
    values = ReplayValues(groups, asked, asked.pairs, found, problem)
    return View("replay.html", "Replay", values, asked.command(found.digest if found and found.replayed else ""))


ROUTES = [
    page("/replay", replay, label="Replay"),
    action("/replay", start, needs=Role.OPERATE, act="replay", audited=(*FIELDS, "digest"), bulk=True),
]
