"""The groups, and one of them: what it takes, what it holds, why it waits; and its pause."""

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.group_look import GroupLook, look_at_group
from salesloft_webhooks.broker.administration.groups import Registration
from salesloft_webhooks.broker.administration.holdings import LATER, Consumer, HeldLane, Running
from salesloft_webhooks.broker.administration.overview import overview
from salesloft_webhooks.broker.administration.pausing import pause_by_hand, resume_by_hand
from salesloft_webhooks.broker.administration.samples import EVERY_SECONDS, KEPT
from salesloft_webhooks.broker.administration.stored_pause import Pause
from salesloft_webhooks.console.charts import Chart, chart
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.group_rows import GroupRow, group_row
from salesloft_webhooks.console.pages.group_limits import known_group, limit_buttons
from salesloft_webhooks.console.pages.handler_limits import LimitedHandler, handler_buttons, limited_handlers
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.limits import SaidLimits, typed
from salesloft_webhooks.readable_times import seconds_text

LONGEST_MINUTES = 60 * 24 * 30
LONGEST_REASON = 200
_WAIT_WORDS = {
    0: "due now",
    10: "within 10 s",
    60: "within a minute",
    600: "within 10 minutes",
    3_600: "within an hour",
    LATER: "later",
}


class GroupRegistration(Struct, frozen=True):
    """What a group takes.

    Attributes:
        row: How it stands.
        events: Patterns; empty: all.
        ordering: ``none`` or ``entity``.
        handlers: Its routers; empty for a built-in group.
        started_ms: When one of its workers last started; None: it was removed, and dead letters are left.
    """

    row: GroupRow
    events: tuple[str, ...]
    ordering: str
    handlers: tuple[str, ...]
    started_ms: int | None


class GroupsValues(Struct, frozen=True):
    """What the list shows.

    Attributes:
        groups: By name.
    """

    groups: tuple[GroupRegistration, ...]


class Share(Struct, frozen=True):
    """A part of the retries that were looked at.

    Attributes:
        word: Which.
        count: How many.
    """

    word: str
    count: int


class GroupValues(Struct, frozen=True):
    """What one group's page shows.

    Attributes:
        group: What it takes, and how it stands.
        paused: Whether it takes nothing.
        declared_by: The object of Kubernetes that declares its pause; empty: none.
        unfinished: Everything it has not finished.
        chart: Its backlog of the last half hour.
        chart_minutes: What the chart's width stands for.
        consumers: Its workers.
        running: What they run, the oldest first.
        retries_looked_at: How many of the retries that come next were looked at.
        retries_by_wait: When these come.
        retries_by_attempt: How many attempts they have had.
        retries_by_error: Why they are needed.
        lanes: Those that are held back, in which most waits first.
        limits: What limits it: a line for each who says something, the one that is believed first.
        max_running: What is said by hand of how many run at once, as it is typed; empty: nothing.
        rate: Likewise of how many begin.
        limited_by_hand: Whether somebody has said so by hand.
        handlers: Its handlers that are limited, by name.
    """

    group: GroupRegistration
    paused: bool
    declared_by: str
    unfinished: int
    chart: Chart
    chart_minutes: int
    consumers: tuple[Consumer, ...]
    running: tuple[Running, ...]
    retries_looked_at: int
    retries_by_wait: tuple[Share, ...]
    retries_by_attempt: tuple[Share, ...]
    retries_by_error: tuple[Share, ...]
    lanes: tuple[HeldLane, ...]
    limits: tuple[str, ...]
    max_running: str
    rate: str
    limited_by_hand: bool
    handlers: tuple[LimitedHandler, ...]


async def list_groups(_request: Request, console: Console) -> View:
    """Every group, with what it takes."""
    found = await overview(console.store)
    rows = [
        _described(
            group_row(stats, found.samples[stats.group], found.trends[stats.group]),
            found.registrations.get(stats.group, Registration(stats.group, (), "none", (), None)),
        )
        for stats in found.stats.groups
    ]
    return View("groups.html", "Groups", GroupsValues(tuple(rows)), command_line("groups list"))


async def show_group(request: Request, console: Console) -> View:
    """One group."""
    name = await known_group(console, request.path_params["name"])
    found = await look_at_group(console.store, name)
    values, buttons = _values(found), dict[str, str]()
    if request.state.person.may(Role.OPERATE):
        if values.paused:
            buttons["Resume"] = command_line("groups resume", name)
        if not (values.paused and values.declared_by):
            again = "Pause anew" if values.paused else "Pause"
            buttons[again] = command_line("groups pause", name, **{"for": "30m"}, reason="WHY")
        buttons |= limit_buttons(name, found.limits) | handler_buttons(name, values.handlers)
    return View("group.html", name, values, command_line("groups show", name), buttons=buttons)


def _described(row: GroupRow, known: Registration) -> GroupRegistration:
    started = None if known.seen is None else int(known.seen.timestamp() * 1_000)
    return GroupRegistration(row, known.events, known.ordering, known.handlers, started)


def _values(found: GroupLook) -> GroupValues:
    stats, retries = found.stats, found.holdings.retries
    by_hand = found.limits.said.get("hand", SaidLimits())
    return GroupValues(
        group=_described(group_row(stats, found.samples, found.trend), found.registration),
        paused=stats.paused,
        declared_by=stats.pause_by if stats.pause is Pause.DECLARED else "",
        unfinished=stats.lag + stats.pending,
        chart=chart([(each.at_ms, each.backlog) for each in found.samples], EVERY_SECONDS * KEPT),
        chart_minutes=int(EVERY_SECONDS * KEPT / 60),
        consumers=found.holdings.consumers,
        running=found.holdings.running,
        retries_looked_at=retries.looked_at,
        retries_by_wait=tuple(Share(_WAIT_WORDS[bound], count) for bound, count in retries.by_wait.items()),
        retries_by_attempt=tuple(Share(f"after {tried}", count) for tried, count in retries.by_attempt.items()),
        retries_by_error=tuple(Share(error, count) for error, count in retries.by_error.items()),
        lanes=found.holdings.lanes,
        limits=tuple(found.limits.lines),
        max_running=typed(by_hand.max_running),
        rate=typed(by_hand.rate),
        limited_by_hand="hand" in found.limits.said,
        handlers=limited_handlers(found.handler_limits),
    )


async def pause(form: Form, console: Console, _person: Person) -> Done:
    """Let it take nothing."""
    name = await known_group(console, form.text("name"))
    minutes, reason = form.number("minutes"), form.required("reason")
    if minutes > LONGEST_MINUTES:
        raise FormRefused(f"a pause ends after {LONGEST_MINUTES} minutes at most, or when somebody resumes the group")
    if len(reason) > LONGEST_REASON:
        raise FormRefused(f"the reason is one line of at most {LONGEST_REASON} characters")
    paused = await pause_by_hand(console.store, name, seconds=minutes * 60.0 if minutes else None, reason=reason)
    return Done(_paused_text(name, minutes, paused.declared_by, changed=paused.changed), f"/groups/{name}")


def _paused_text(name: str, minutes: int, declared_by: str, *, changed: bool) -> str:
    if not changed:
        return f"{name} is paused for longer than that already: by ConsumerGroup {declared_by}"
    until = f"for {seconds_text(minutes * 60.0)}" if minutes else "until somebody resumes it"
    return f"{name} is paused {until}; what its workers run already, they finish"


async def resume(form: Form, console: Console, _person: Person) -> Done:
    """Let it take events again."""
    name = await known_group(console, form.text("name"))
    resumed = await resume_by_hand(console.store, name)
    message = f"{name} takes events again" if resumed.changed else f"{name} was not paused"
    if by := resumed.declared_by:
        message += f". The operator will pause it again: ConsumerGroup {by} declares it"
    return Done(message, f"/groups/{name}")


ROUTES = [
    page("/groups", list_groups, label="Groups"),
    page("/groups/{name}", show_group),
    action("/groups/{name}/pause", pause, needs=Role.OPERATE, act="pause", audited=("name", "minutes", "reason")),
    action("/groups/{name}/resume", resume, needs=Role.OPERATE, act="resume", audited=("name",)),
]
