"""What senders, people and housekeeping do: events arrive, groups are paused, resubmitted to, removed, tidied up."""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.broker.records import publish_row
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.model.state import GROUP, LEASE, Scope, State
from tests.model.store import ModelStore
from tests.model.view import BASE, View
from tests.model.worker_steps import Effect, Step, options

TTL = 7 * 86_400
SILENT_MS, GRACE_MS = 3_000_000, 3_600_000
NO_RUN = ("", "", "")
"""In the place of the run that acts, and where it is."""
Words = Sequence[Argument]


def arrivals(scope: Scope, state: State) -> Iterator[Step]:
    """The next event comes."""
    if state.published < len(scope.lanes):
        event = scope.events[state.published]
        after = replace(state, published=state.published + 1)
        yield _running(f"{event} arrives", after, "publish", _delivery(scope, state.published, "0001"), ordinary=True)


def people_steps(scope: Scope, state: State, view: View) -> Iterator[Step]:
    """What somebody has begun, and what he may begin."""
    if state.removing:
        yield Step("the removal goes on", _removing(state), ordinary=True)
    if view.pause:
        yield _saying("the group is resumed", state, ("DEL", f"{BASE}g:{GROUP}:pause"), ordinary=True)
    if state.acts:
        after = replace(state, acts=state.acts - 1)
        yield from _pauses(after, view)
        if not scope.singly:
            yield from _resubmissions(after, view)
            yield from _ends_of_the_group(after)
        yield from _acts_on_follow_ups(scope, after, view)
        yield from _housekeeping(scope, after)


def _pauses(after: State, view: View) -> Iterator[Step]:
    if not view.pause:
        yield _running("the group is paused", after, "pause", (GROUP, "manual", 0, ""))
        yield _running("the breaker opens", after, "pause", (GROUP, "breaker", LEASE * 1000, ""))


def _resubmissions(after: State, view: View) -> Iterator[Step]:
    for letter, event, _, _ in view.letters:
        yield _running(f"{event} is redriven", after, "redrive", (GROUP, TTL, *NO_RUN, 0, letter), again=event)
        yield _running(f"{event} is discarded", after, "discard", (GROUP, *NO_RUN, letter), again=event)
    for entry, event, _ in view.stream:
        args = (GROUP, TTL, "wet", *NO_RUN, "0-0", 0, entry)
        yield _running(f"{event} is replayed", after, "replay", args, again=event)


def _acts_on_follow_ups(scope: Scope, after: State, view: View) -> Iterator[Step]:
    for name, asker in scope.follow_ups.items():
        if name in view.waiting:
            yield Step(f"somebody has that of {asker} run now", _run_now(after, name))
        if name in view.waiting or view.records[name].later:
            yield Step(f"somebody cancels that of {asker}", _cancelling(after, name))


def _run_now(after: State, name: str) -> Callable[[ModelStore], Effect]:
    def act(store: ModelStore) -> Effect:
        store.script("run_later", (GROUP, TTL, 1, name, "begin"))
        return Effect(after, run_now=frozenset({name}))

    return act


def _cancelling(after: State, name: str) -> Callable[[ModelStore], Effect]:
    """Whoever is answered that it is over has ended nothing."""

    def act(store: ModelStore) -> Effect:
        (answer,) = store.script("cancel_later", (GROUP, TTL, 1, *NO_RUN, name))
        over = answer == b"over"
        return Effect(after if over else replace(after, cancelled=after.cancelled | {name}))

    return act


def _ends_of_the_group(after: State) -> Iterator[Step]:
    if not after.removing:
        yield Step("somebody removes the group", _removing(after))
    yield _saying("somebody destroys the group", after, ("XGROUP", "DESTROY", f"{BASE}events", GROUP))


def _housekeeping(scope: Scope, after: State) -> Iterator[Step]:
    yield _running("history is trimmed", after, "trim", (0, 100, ""))
    retired = replace(after, surprised=after.surprised or after.flying is not None)
    yield _running("silent consumers are retired", retired, "retire", (GROUP, SILENT_MS, ""))
    yield _running("a worker registers", after, "register", registration(scope))
    if after.published:
        yield _running("e1 arrives again", after, "publish", _delivery(scope, 0, "0002"))


def registration(scope: Scope) -> Words:
    """What makes the group known."""
    return (GROUP, options(scope).version, GRACE_MS, "somebody", 2)


def _running(name: str, after: State, script: str, args: Words, *, again: str = "", ordinary: bool = False) -> Step:
    """A script that is run for somebody; ``again``: an event whose outcome it may change."""

    def act(store: ModelStore) -> Effect:
        store.script(script, args)
        return Effect(after, resubmitted=frozenset({again}))

    return Step(name, act, ordinary)


def _saying(name: str, after: State, words: Words, *, ordinary: bool = False) -> Step:
    """A plain command."""

    def act(store: ModelStore) -> Effect:
        store.command(*words)
        return Effect(after)

    return Step(name, act, ordinary)


def _removing(after: State) -> Callable[[ModelStore], Effect]:
    """One stretch of a removal; how it ends, the script says."""

    def act(store: ModelStore) -> Effect:
        more = store.script("remove_group", (GROUP, "keep", 1)) == b"more"
        return Effect(replace(after, removing=more))

    return act


def _delivery(scope: Scope, number: int, token: str) -> Words:
    event = NewEvent(scope.events[number], "person.updated", f"person:{scope.lanes[number]}", "2026-03-07", b"{}")
    row = publish_row(event, NewDelivery("default", (event,)), None, pack=True, compress=False)
    return (TTL, TTL, 1, 2, *row, token, "", "", "", 0)
