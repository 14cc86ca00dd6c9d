"""One event: its whole life, its data for those who may see it, and giving it to a group again."""

from collections.abc import AsyncIterator

from starlette.requests import Request

from salesloft_webhooks.broker.administration.dead_letter_filter import Redriven
from salesloft_webhooks.broker.administration.dead_letters import find, redrive
from salesloft_webhooks.broker.administration.history import EventState, History, history
from salesloft_webhooks.broker.administration.lanes import lanes_of
from salesloft_webhooks.broker.administration.replay import Replayed, replay_event
from salesloft_webhooks.broker.administration.stored_records import DeadLetter
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.event_story import EventStory, address_of, story_of
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused, NotFound
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.console.shown_commands import command_line

REPLAYED = {
    Replayed.REPLAYED: "{group} gets the event again",
    Replayed.IN_PROGRESS: "{group} has not finished the event yet, so it comes anyway: nothing was done",
    Replayed.DEAD: "the event has just become a dead letter of {group}: look again",
    Replayed.NOT_WANTED: "{group} does not take events of this type: nothing was done",
    Replayed.GONE: "the content of the event is not kept any more: nothing was done",
    Replayed.NO_GROUP: "there is no group {group}: nothing was done",
}
REDRIVEN = {
    Redriven.REDRIVEN: "{group} gets the dead letter again",
    Redriven.FINISHED: "{group} has finished the event meanwhile, and the dead letter is gone",
    Redriven.NOT_WANTED: "{group} does not take events of this type: nothing was done",
    Redriven.NO_GROUP: "there is no group {group}: nothing was done",
    Redriven.GONE: "the dead letter is gone: nothing was done",
}

REPLAYABLE = {
    EventState.DONE,
    EventState.FILTERED,
    EventState.DEBOUNCED,
    EventState.DISCARDED,
    EventState.PASSED_OVER,
}
"""Where a group has nothing more to do with an event, and may get it again."""


async def event(request: Request, console: Console) -> View:
    """One event, its data masked."""
    story = await _story(console, request.path_params["id"], reveal=False)
    return _view(story, request.state.person)


async def reveal(form: Form, console: Console, person: Person) -> View:
    """The same event with its data as they came: shown once, and written down."""
    story = await _story(console, form.required("id"), reveal=True)
    return _view(story, person)


async def replay(form: Form, console: Console, _person: Person) -> Done:
    """Give the event to a group again; its dead letter, when it has died there."""
    event_id, group = form.required("id"), form.required("group")
    letters = [letter for letter in await find(console.store, event_id) if letter.group == group]
    if letters:
        message, done = await _redrive(console, letters)
    else:
        outcome = await replay_event(
            console.store, group, event_id, idempotency_ttl_seconds=console.settings.idempotency_ttl_seconds
        )
        message, done = REPLAYED[outcome], int(outcome is Replayed.REPLAYED)
    if not done:
        raise FormRefused(message.format(group=group))
    return Done(message.format(group=group), address_of(event_id), {"events": done})


async def _redrive(console: Console, letters: list[DeadLetter]) -> tuple[str, int]:
    """What to say, and how many were redriven."""

    async def each() -> AsyncIterator[DeadLetter]:
        for letter in letters:
            yield letter

    outcomes = [
        outcome
        async for _, outcome in redrive(
            console.store, each(), idempotency_ttl_seconds=console.settings.idempotency_ttl_seconds
        )
    ]
    return REDRIVEN[outcomes[-1]], outcomes.count(Redriven.REDRIVEN)


async def _story(console: Console, event_id: str, *, reveal: bool) -> EventStory:
    found = await history(console.store, event_id)
    if found is None:
        raise NotFound(f"No event {event_id} is known: it was never accepted, or so long ago that its id is forgotten")
    letters = await find(console.store, event_id) if _may_be_dead(found) else []
    stored = found.entry or next(iter(letters), None)
    lanes = await lanes_of(console.store, stored.entity_key) if stored else ()
    return story_of(found, letters, lanes, settings=console.settings, reveal=reveal)


def _may_be_dead(found: History) -> bool:
    return any(row.state == "dead" for row in found.groups)


def _view(story: EventStory, person: Person) -> View:
    command = command_line("events show", story.event_id, data=story.revealed)
    return View("event.html", story.event_id, story, command, once=story.revealed, buttons=_buttons(story, person))


def _buttons(story: EventStory, person: Person) -> dict[str, str]:
    """What the buttons do that this person has."""
    found = {}
    for each in story.groups if person.may(Role.OPERATE) else ():
        if each.letter:
            found[f"Redrive it to {each.group}"] = command_line("dead redrive", each.letter.handle)
        elif each.state in REPLAYABLE and (story.content or story.unreadable):
            found[f"Replay it to {each.group}"] = command_line("replay", each.group, id=story.event_id)
    if person.may(Role.REVEAL) and story.content and not story.revealed:
        found["Show it as it came"] = command_line("events show", story.event_id, data=True)
    return found


ROUTES = [
    page("/events/{id:path}", event),
    action("/events/{id:path}/reveal", reveal, needs=Role.REVEAL, act="reveal", audited=("id",)),
    action("/events/{id:path}/replay", replay, needs=Role.OPERATE, act="replay_event", audited=("id", "group")),
]
