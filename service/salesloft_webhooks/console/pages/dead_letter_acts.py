"""What is done with dead letters: one is tried first, then all that match, after having been counted and confirmed."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter, Redriven, parse_handle
from salesloft_webhooks.broker.administration.dead_letters import find, redrive
from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.broker.administration.letter_choice import Choice, choice_of_now, count
from salesloft_webhooks.broker.administration.run_records import RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.broker.administration.selected import each
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.letter_questions import address, asked, command, pairs
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.console.still_counting import still_counting
from salesloft_webhooks.masked_text import masked_text

ENDED = {
    EventState.DONE: "good",
    EventState.DEAD: "bad",
    EventState.DISCARDED: "quiet",
    EventState.FILTERED: "quiet",
    EventState.DEBOUNCED: "quiet",
}
"""How `parts.state` shows how it ended; all else is not the end."""


class ConfirmValues(Struct, frozen=True):
    """What is asked before something is done.

    Attributes:
        act: ``redrive`` or ``discard``.
        count: How many letters.
        group: Of which group.
        fields: What is posted: the choice, and the digest of what was counted.
        asked: What the letters have in common, by field.
        named: Whether they were ticked one by one.
        back: Where they were chosen.
    """

    act: str
    count: int
    group: str
    fields: list[tuple[str, str]]
    asked: dict[str, str]
    named: bool
    back: str


class TriedValues(Struct, frozen=True):
    """How the letter that was tried first gets on.

    Attributes:
        state: Of its event in the group.
        kind: How to show that.
        ended: Whether there is more to wait for.
        error: What it died of this time, without what may be personal; empty: it has not.
        event_id: The event.
        group: The group.
        rest: Where the rest is redriven.
        back: Its letters.
    """

    state: str
    kind: str
    ended: bool
    error: str
    event_id: str
    group: str
    rest: str
    back: str


async def confirm(request: Request, console: Console) -> View:
    """Counts what is meant, and asks."""
    query = request.query_params
    kind = _kind(query.get("act", "redrive"))
    named = _named(query.get("selected", ""), query.getlist("letter"))
    wanted = _of_one_group(query.get)

    async def counted() -> tuple[Choice, int]:
        choice = await _chosen(console, wanted, named)
        return choice, await count(console.store, choice)

    found = await console.countings.result(request, f"{kind} {wanted} {sorted(named)}", counted)
    if found is None:
        return still_counting(f"{kind.value.capitalize()} letters of {wanted.group}?", command(kind, wanted))
    return _question(kind, *found)


def _question(kind: RunKind, choice: Choice, number: int) -> View:
    wanted = choice.filter
    fields = [
        *pairs(wanted).items(),
        *((("selected", "1"),) if choice.handles else ()),
        *(("letter", handle) for handle in choice.handles),
        ("ends", " ".join(choice.ends)),
        ("count", str(number)),
        ("digest", choice.digest(number)),
    ]
    title = f"{kind.value.capitalize()} {number:,} {'letter' if number == 1 else 'letters'} of {wanted.group}?"
    back = address("/dead", wanted)
    values = ConfirmValues(kind.value, number, wanted.group, fields, pairs(wanted), bool(choice.handles), back)
    shown = command_line(f"dead {kind}", *choice.handles) if choice.handles else command(kind, wanted)
    return View("dead_confirm.html", title, values, shown, once=True)


async def redrive_letters(form: Form, console: Console, person: Person) -> Done | View:
    """Begin to redrive what was counted."""
    return await _begin(form, console, person, RunKind.REDRIVE)


async def discard_letters(form: Form, console: Console, person: Person) -> Done | View:
    """Begin to discard what was counted."""
    return await _begin(form, console, person, RunKind.DISCARD)


async def _begin(form: Form, console: Console, person: Person, kind: RunKind) -> Done | View:
    """Begin what was counted; asks again if it is not the same any more."""
    named = _named(form.text("selected"), form.all("letter"))
    now = await _chosen(console, _of_one_group(form.text), named)
    choice = Choice(now.filter, tuple(form.required("ends").split()), now.handles)
    if len(choice.ends) > console.store.partitions or not all(Reference.parse(f"0/{end}") for end in choice.ends):
        raise FormRefused("ends is an entry id for each partition")
    number = await count(console.store, choice)
    if not number:
        raise FormRefused("none of these letters is there any more")
    if choice.digest(number) != form.text("digest"):
        raise FormRefused(f"the selection has changed: it is {number:,} letters now. Choose again")
    form.confirmed(number)
    run_id = await begin(console.store, choice.run(kind, number, by=person.name))
    verb = "given to" if kind is RunKind.REDRIVE else "thrown away of"
    message = f"{number:,} letters are being {verb} {now.filter.group}."
    return Done(message, f"/runs/{run_id}", {"letters": number}, run_id)


async def try_one(form: Form, console: Console, _person: Person) -> Done:
    """Redrive one letter, and see what becomes of it."""
    wanted, handle = _of_one_group(form.text), form.required("letter")
    found = await find(console.store, handle) if parse_handle(handle) else []
    if not found:
        raise FormRefused("that letter is not there any more")
    ttl = console.settings.idempotency_ttl_seconds
    [(letter, outcome)] = [one async for one in redrive(console.store, each(found[:1]), idempotency_ttl_seconds=ttl)]
    if outcome in {Redriven.NO_GROUP, Redriven.NOT_WANTED}:
        raise FormRefused(f"nobody would handle it: {outcome.replace('_', ' ')}")
    to = address("/dead/tried", wanted, event=letter.event_id)
    return Done(f"One letter is given to {letter.group} again.", to, {outcome.value: 1})


async def tried(request: Request, console: Console) -> View:
    """How the letter that was tried gets on; the page asks for itself again until it has ended."""
    wanted, event_id = _of_one_group(request.query_params.get), request.query_params.get("event", "")
    known = await history(console.store, event_id)
    state = next((one.state for one in known.groups if one.group == wanted.group), None) if known else None
    error = ""
    if state is EventState.DEAD:
        letters = [one for one in await find(console.store, event_id) if one.group == wanted.group]
        error = masked_text(letters[-1].error) if letters else ""
    values = TriedValues(
        state.value if state else "unknown",
        ENDED.get(state, "waiting") if state else "quiet",
        state is None or state in ENDED,
        error,
        event_id,
        wanted.group,
        address("/dead/confirm", wanted),
        address("/dead", wanted),
    )
    shown = command_line("events show", event_id)
    return View("dead_tried.html", "One letter tried", values, shown, once=True)


async def _chosen(console: Console, wanted: DeadLetterFilter, named: Sequence[str]) -> Choice:
    try:
        return await choice_of_now(console.store, wanted, named)
    except ValueError as exc:
        raise FormRefused("choose letters of one group") from exc


def _named(selected: str, handles: Sequence[str]) -> Sequence[str]:
    """Letters that were ticked. A form in which none is ticked must not mean all."""
    if bool(selected) != bool(handles) or not all(map(parse_handle, handles)):
        raise FormRefused("no letter is selected")
    return handles


def _kind(said: str) -> RunKind:
    if said not in {RunKind.REDRIVE, RunKind.DISCARD}:
        raise FormRefused("act is redrive or discard")
    return RunKind(said)


def _of_one_group(text: Callable[[str], str | None]) -> DeadLetterFilter:
    choice = asked(lambda name: text(name) or "")
    if not choice.group:
        raise FormRefused("choose a group")
    return choice


KEPT = ("group", "type", "reason", "error", "person", "count")
ROUTES = [
    page("/dead/confirm", confirm),
    page("/dead/tried", tried),
    action("/dead/redrive", redrive_letters, needs=Role.OPERATE, act="redrive", audited=KEPT, bulk=True),
    action("/dead/discard", discard_letters, needs=Role.DESTROY, act="discard", audited=KEPT, bulk=True),
    action("/dead/try", try_one, needs=Role.OPERATE, act="try_one", audited=("group", "error", "letter")),
]
