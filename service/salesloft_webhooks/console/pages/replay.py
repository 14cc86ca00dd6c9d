"""Replay: history back into one group. What it would do is counted first; the button does that, and nothing else."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from shlex import quote

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.broker.administration.replay_forecast import Forecast, forecast
from salesloft_webhooks.broker.administration.replay_steps import replay_ends, written_selection
from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.readable_times import SPAN, parse_moment
from salesloft_webhooks.timestamps import parse_timestamp

PATIENCE_SECONDS = 20.0
"""Somebody waits for the count; what takes longer is asked for in smaller pieces."""


class ReplayValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        groups: Those there are.
        group: The one that is asked for; empty: nobody has asked yet.
        types: Event patterns, as they were written.
        since: When the part of history begins, ISO 8601; empty: at its beginning.
        until: When it ends.
        forecast: What it would do; None: nobody has asked, or `problem` says why there is none.
        problem: What is wrong with what was asked for; empty: nothing.
    """

    groups: tuple[str, ...]
    group: str = ""
    types: str = ""
    since: str = ""
    until: str = ""
    forecast: Forecast | None = None
    problem: str = ""


async def replay(request: Request, console: Console) -> View:
    """What a replay would do, of each outcome how many; nothing is changed."""
    groups = tuple(sorted(await group_names(console.store)))
    group, types, since, until = (
        _asked(request.query_params.get, name) for name in ("group", "type", "since", "until")
    )
    asked = ReplayValues(groups, group, types, since, until)
    if not group:
        return _view(asked)
    try:
        selection = _selection(types, since, until or "0s", console.now())
    except FormRefused as exc:
        return _view(ReplayValues(groups, group, types, since, until, None, str(exc)))
    found = await _forecast(console, group, selection)
    first, last = (each.isoformat() if each else "" for each in (selection.since, selection.until))
    return _view(ReplayValues(groups, group, types, first, last, found))


async def start(form: Form, console: Console, person: Person) -> Done:
    """Begin what the page has counted; refused if it would be something else by now."""
    group, types = form.required("group"), form.text("type")
    selection = _selection(types, form.text("since"), form.required("until"), console.now())
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


def _view(values: ReplayValues) -> View:
    options = [("type", each) for each in _listed(values.types)]
    options += [(name, text) for name, text in (("since", values.since), ("until", values.until)) if text]
    words = " ".join(f"--{name} {quote(text)}" for name, text in options)
    command = f"salesloft-webhooks replay {quote(values.group) if values.group else 'GROUP'} {words} --dry-run"
    return View("replay.html", "Replay", values, " ".join(command.split()))


def _selection(types: str, since: str, until: str, now: float) -> Selection:
    """What is meant; `until` is fixed, so that what arrives while somebody thinks about it changes nothing."""
    first, last = (_moment(text, now) if text else None for text in (since, until))
    if first and last and last < first:
        raise FormRefused("it ends before it begins")
    return Selection(first, last, tuple(_listed(types)))


def _moment(text: str, now: float) -> datetime:
    if SPAN.fullmatch(text):
        try:
            return parse_moment(text, now=datetime.fromtimestamp(now, UTC))
        except ValueError as exc:
            raise FormRefused(str(exc)) from exc
    if (moment := parse_timestamp(text)) is None:
        raise FormRefused(f"{text!r} is no time: write 2h (ago), 3d, or 2026-03-07T04:26:14Z")
    return moment


def _listed(types: str) -> list[str]:
    return [each for each in re.split(r"[,\s]+", types) if each]


def _asked(get: Callable[[str, str], str], name: str) -> str:
    return get(name, "").strip()


ROUTES = [
    page("/replay", replay, label="Replay"),
    action("/replay", start, needs=Role.OPERATE, act="replay", audited=("group", "type", "since", "until", "digest")),
]
