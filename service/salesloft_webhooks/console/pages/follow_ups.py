"""Follow-ups that wait: those that are due first on top, each with a page of its own."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.follow_up_acts import find_follow_up
from salesloft_webhooks.broker.administration.follow_up_filter import FollowUpFilter, Place, WaitingFollowUp
from salesloft_webhooks.broker.administration.follow_up_look import page as page_of
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.event_rows import PERSON
from salesloft_webhooks.console.follow_up_questions import address, asked, command, pairs
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused, NotFound
from salesloft_webhooks.console.routes import View, page
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.masked_text import masked_text

PAGE = "/follow-ups"
SHOWN = 50
STATES = {
    "begun": "It has begun: it is an event of its group.",
    "cancelled": "It was cancelled: its event does not bring it back.",
    "withdrawn": "Its event has cancelled it itself, and may ask for it again.",
    "replaced": "A later one by its key has taken its place.",
    "moved": "It is on its way to another partition.",
    "erased": "It was erased with its person.",
}
"""What became of one that waits no more."""


class FollowUpRow(Struct, frozen=True):
    """One that waits: ids, times and names that its author has given, never data of its event.

    Attributes:
        follow_up: Its own event id.
        group: Whose.
        task: The task that it runs; empty: its event's handlers.
        key: What its author calls it, without what may be personal.
        entity_key: Whose events it belongs to.
        about: The person's id; empty where it is about nobody.
        due_at: When it is due.
        asked_at: When it was asked for.
        asked_by: The event that has asked for it.
        asked_by_type: That one's type.
    """

    follow_up: str
    group: str
    task: str
    key: str
    entity_key: str
    about: str
    due_at: datetime
    asked_at: datetime
    asked_by: str
    asked_by_type: str


class FollowUpsValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        rows: Those that are due first on top.
        asked: What the address asks for, by field.
        groups: All groups there are.
        now: Unix time by the store's clock.
        more: Address of the next page; empty: there is none.
        all_of_it: Address on which all that match are cancelled; empty: no group is chosen, or whoever looks may not.
    """

    rows: list[FollowUpRow]
    asked: dict[str, str]
    groups: list[str]
    now: float
    more: str
    all_of_it: str


class FollowUpValues(Struct, frozen=True):
    """What the page of one shows.

    Attributes:
        follow_up: Its own event id.
        group: Whose.
        state: Where it is: ``waiting``, or what became of it.
        said: The same in a sentence; empty while it waits.
        row: More, while it waits; else None.
        now: Unix time by the store's clock.
        at: Where its buttons are posted.
        may_run: Whether whoever looks may have it run.
        may_cancel: Whether whoever looks may cancel it.
    """

    follow_up: str
    group: str
    state: str
    said: str
    row: FollowUpRow | None
    now: float
    at: str
    may_run: bool
    may_cancel: bool


async def listed(request: Request, console: Console) -> View:
    """A page of them; what it costs does not grow with how many wait."""
    query, person = request.query_params, request.state.person
    choice, now = asked(lambda name: query.get(name, ""), console.now()), console.now()
    after = query.get("after", "")
    if after and Place.parse(after) is None:
        raise FormRefused("after is a place in this list, as the link to more has it")
    found = await page_of(console.store, choice, behind=Place.parse(after), limit=SHOWN)
    values = FollowUpsValues(
        rows=[row_of(one) for one in found.found],
        asked=pairs(choice),
        groups=sorted(await group_names(console.store)),
        now=now,
        more=address(PAGE, choice, after=str(found.next)) if found.next else "",
        all_of_it=address(f"{PAGE}/confirm", choice) if choice.group and person.may(Role.DESTROY) else "",
    )
    return View("follow_ups.html", "Follow-ups", values, command("list", choice), buttons=_buttons(values, choice))


def _buttons(values: FollowUpsValues, choice: FollowUpFilter) -> Mapping[str, str]:
    return {"Cancel all that match": command("cancel", choice)} if values.all_of_it and values.rows else {}


async def shown(request: Request, console: Console) -> View:
    """One of them, or what became of it."""
    name, person = request.path_params["follow_up"], request.state.person
    if (found := await find_follow_up(console.store, name)) is None:
        raise NotFound("There is no such follow-up, or it has ended so long ago that nothing is known of it")
    values = FollowUpValues(
        name,
        found.group,
        found.state,
        "" if found.waiting else STATES.get(found.state, "It waits no more."),
        row_of(found.waiting) if found.waiting else None,
        console.now(),
        at(name),
        _may(person, Role.OPERATE) and found.waiting is not None,
        _may(person, Role.DESTROY) and (found.waiting is not None or found.state == "begun"),
    )
    buttons = {"Run it now": command_line("follow-ups run-now", name)} if values.may_run else {}
    buttons |= {"Cancel it for good": command_line("follow-ups cancel", name)} if values.may_cancel else {}
    return View("follow_up.html", "Follow-up", values, command_line("events show", name), buttons=buttons)


def row_of(one: WaitingFollowUp) -> FollowUpRow:
    """Without what may be personal."""
    about = one.entity_key.removeprefix(PERSON) if one.entity_key.startswith(PERSON) else ""
    return FollowUpRow(
        one.event_id,
        one.group,
        one.task,
        masked_text(one.key),
        one.entity_key,
        about,
        one.due_at,
        one.asked_at,
        one.asked_by,
        one.asked_by_type,
    )


def at(follow_up: str) -> str:
    """The page of one."""
    return f"{PAGE}/{quote(follow_up)}"


def _may(person: Person, role: Role) -> bool:
    return person.may(role)


ROUTES = [page(PAGE, listed, label="Follow-ups"), page(f"{PAGE}/{{follow_up:path}}", shown)]
