"""What must hold of follow-ups, in every state and of every step: decision 88."""

from collections.abc import Iterator

from tests.model.invariants import ENDED, FINAL
from tests.model.state import GROUP, Scope, State, named
from tests.model.view import BASE, View
from tests.model.worker_steps import Effect

BEGUN = "begun"
WITHOUT_AN_END = tuple(f"{BASE}g:{GROUP}:later{rest}" for rest in ("", ":entries", ":subjects"))


def broken_of_follow_ups(scope: Scope, state: State, view: View) -> Iterator[str]:
    """Which of the invariants of a state do not hold."""
    yield from _rows(view)
    for name, asker in scope.follow_ups.items():
        yield from _lost(scope, state, view, name, asker)
        yield from _in_two_places(view, name, asker)
        yield from _wrongly_ended(scope, state, view, name, asker)
    yield from _not_the_last(scope, view)


def _lost(scope: Scope, state: State, view: View, name: str, asker: str) -> Iterator[str]:
    record, outcome = view.records[name], view.records[asker].outcome
    known = record.later or ("waiting" if name in view.waiting else "")
    if name in state.promised and not known:
        yield f"that of {asker} was said to wait, and is lost"
    if scope.handler_of(asker) in {"d", "b"} and (outcome == "done") != bool(known):
        yield f"{asker} is {outcome or 'not finished'}, and its follow-up {known or 'not asked for'}"
    if record.later == BEGUN and record.outcome not in FINAL and not _is_on_its_way(view, name):
        yield f"that of {asker} has begun, and is lost"


def _not_the_last(scope: Scope, view: View) -> Iterator[str]:
    """Of a lane's events that are done and debounced, what the last one has asked for stays."""
    last = {
        scope.lane_of(asker): (asker, name)
        for name, asker in scope.follow_ups.items()
        if scope.handler_of(asker) == "b" and view.records[asker].outcome == "done"
    }
    for asker, name in last.values():
        if view.records[name].later == "replaced":
            yield f"{asker} is the last that is done, and its follow-up is replaced"


def _in_two_places(view: View, name: str, asker: str) -> Iterator[str]:
    entries, later = sum(event == name for _, event, _ in view.stream), view.records[name].later
    if name in view.waiting and (later or entries):
        yield f"that of {asker} waits, and is {later or 'in the stream'}"
    if entries > 1:
        yield f"that of {asker} is in the stream {entries} times"


def _wrongly_ended(scope: Scope, state: State, view: View, name: str, asker: str) -> Iterator[str]:
    later = view.records[name].later
    if (later == "cancelled") != (name in state.cancelled):
        yield f"that of {asker} is {later or 'waiting'}; cancelled are {set(state.cancelled)}"
    if later == "replaced" and len(scope.follow_ups) == 1:
        yield f"that of {asker} is replaced, and there is no other"


def _rows(view: View) -> Iterator[str]:
    if view.waiting.keys() != view.subjects.keys():
        yield f"due are {set(view.waiting)}, rows are there of {set(view.subjects)}"
    if len(set(view.subjects.values())) < len(view.subjects):
        yield "two wait by one key of one person"
    if view.latest != {subject: name for name, subject in view.subjects.items()}:
        yield f"by their keys wait {view.latest}, rows are there of {view.subjects}"
    for key in WITHOUT_AN_END:
        if view.keys.get(key):
            yield f"{key} has an end, and what waits in it would be lost then"


def _is_on_its_way(view: View, name: str) -> bool:
    pending = {view.event_of.get(entry) for entry in view.pending}
    return name in pending or name in {event for _, event in view.unread()}


def wrongly_done(scope: Scope, effect: Effect, before: State, old: View, new: View) -> Iterator[str]:
    """Which of the invariants of a step do not hold."""
    yield from _behind_a_later_one(scope, old, new)
    for name, due in old.waiting.items():
        if new.records[name].later == BEGUN and due > old.now and name not in effect.run_now:
            yield f"{name} has begun before its time"
        if new.records[name].later == BEGUN and old.pause:
            yield f"{name} has begun while the group was paused"
    for worker, lease in effect.given:
        event = named(lease.event.event_id)
        if event in before.cancelled or old.records[event].later in ENDED:
            yield f"{event} is {old.records[event].later}, and was given to {worker}"
    if effect.cancels:
        yield from _left_over(effect, old, new)


def _behind_a_later_one(scope: Scope, old: View, new: View) -> Iterator[str]:
    """A debounced handler's that begins although that of a later event of its lane has begun before."""
    put_off = [(name, asker) for name, asker in scope.follow_ups.items() if scope.handler_of(asker) == "b"]
    for at, (name, asker) in enumerate(put_off):
        if new.records[name].later != BEGUN or old.records[name].later == BEGUN:
            continue
        for other, later in put_off[at + 1 :]:
            if scope.lane_of(later) == scope.lane_of(asker) and old.records[other].later == BEGUN:
                yield f"that of {asker} has begun after that of {later}"


def _left_over(effect: Effect, old: View, new: View) -> Iterator[str]:
    """What was not cancelled although it was not over, in a scope whose follow-ups are all of one lane."""
    for name, record in old.records.items():
        over = record.outcome in FINAL or record.later in ENDED
        if (name in old.waiting or (record.later == BEGUN and not over)) and name not in effect.ended:
            yield f"{name} was there, and is not cancelled"
        if name in effect.ended and (name in new.waiting or new.records[name].outcome not in {*FINAL, ""}):
            yield f"{name} is cancelled, and goes on"
