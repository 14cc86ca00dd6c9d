"""What must hold in every state, and of every step: docs/architecture.md, "The states of an entry"."""

from collections import defaultdict
from collections.abc import Iterator

from salesloft_webhooks.broker.keys import NOBODY, PARKED_SCORE
from tests.model.state import GROUP, PATIENCE, Scope, State
from tests.model.view import BASE, View, entry_in, order

FINAL = {"done", "dead", "discarded"}
ENDED = {"cancelled", "replaced"}
"""A follow-up that is no more: what is left of it in the stream is passed over by the next take."""
KEYS = (f"{BASE}events", f"{BASE}numbers", f"{BASE}ids", f"{BASE}event:", f"{BASE}g:{GROUP}:")
WITH_AN_END = (
    f"{BASE}ids",
    f"{BASE}event:",
    f"{BASE}g:{GROUP}:last_settle:",
    f"{BASE}g:{GROUP}:later:key:",
    f"{BASE}g:{GROUP}:limit:",
)


def broken_in(scope: Scope, state: State, view: View) -> Iterator[str]:
    """Which of the invariants of a state do not hold."""
    yield from _lost(scope, state, view)
    yield from _letters(view)
    yield from _keys(view)
    if view.read_to and not state.removing:
        yield from _due_times(view)
        yield from _lanes(scope, view)
        yield from _finished(view)
        yield from () if state.surprised else _unknown_leases(state, view)


def _lost(scope: Scope, state: State, view: View) -> Iterator[str]:
    on_its_way = {event for _, event in view.unread()} | {view.event_of.get(entry, "") for entry in view.pending}
    for event in scope.events[: state.published]:
        if event not in on_its_way and view.records[event].outcome not in FINAL:
            yield f"{event} is lost: neither finished nor pending nor unread"


def _letters(view: View) -> Iterator[str]:
    letters = defaultdict(list)
    for letter, event, _, _ in view.letters:
        letters[event].append(letter)
    for record in view.records.values():
        there = letters[record.event]
        if record.letter.split() != there:
            yield f"the record of {record.event} names {record.letter!r} of the dead letters {there}"
        if record.outcome == "dead" and not there:
            yield f"{record.event} is dead, and no dead letter is there"
        if len(there) > 1 and not record.again:
            yield f"{record.event} died twice"
        reasons = {reason for _, event, _, reason in view.letters if event == record.event}
        if (
            reasons
            and record.outcome != "dead"
            and not record.again
            and (record.outcome, reasons) != ("done", {"poison"})
        ):
            yield f"{record.event} is a dead letter and {record.outcome or 'not finished'}"


def _keys(view: View) -> Iterator[str]:
    for key, ends_at in view.keys.items():
        if not key.startswith(KEYS):
            yield f"nobody knows the key {key}"
        if key.startswith(WITH_AN_END) and not ends_at:
            yield f"{key} has no end"


def _due_times(view: View) -> Iterator[str]:
    members = [entry_in(member) for member, _ in view.due] + [entry_in(member) for member in view.isolated]
    if sorted(members) != sorted(view.pending):
        yield f"pending are {sorted(view.pending)}, due or isolated {sorted(members)}"
    for member in view.isolated:
        if view.pending.get(entry_in(member), (NOBODY, 0))[0] != NOBODY:
            yield f"{member} is isolated, and somebody's"
    if strange := {name.partition(":")[0] for name in view.attempts} - view.pending.keys():
        yield f"attempts are kept of {strange}, which are not pending"


def _lanes(scope: Scope, view: View) -> Iterator[str]:
    expected = defaultdict(list)
    for entry in sorted(view.pending, key=order) if scope.ordered else ():
        if entry in view.event_of:
            expected[f"person:{scope.lane_of(view.event_of[entry])}"].append(entry)
    if view.lanes != expected:
        yield f"lanes are {view.lanes}, pending in them {dict(expected)}"
    scores = {entry_in(member): score for member, score in view.due}
    for entries in view.lanes.values():
        for entry in entries[1:]:
            if scores.get(entry) != PARKED_SCORE or view.pending.get(entry, (NOBODY, 0))[0] != NOBODY:
                yield f"{entry} is not parked behind the head of its lane"
        if scores.get(entries[0]) == PARKED_SCORE:
            yield f"{entries[0]} heads its lane and is parked"


def _finished(view: View) -> Iterator[str]:
    for entry, (owner, _) in view.pending.items():
        record = view.records.get(view.event_of.get(entry, ""))
        if record and record.outcome in FINAL and owner == NOBODY and not (record.again or record.later in ENDED):
            yield f"{record.event} is {record.outcome}, and pending"


def _unknown_leases(state: State, view: View) -> Iterator[str]:
    known = {
        (worker.name, each.lease.entry_id, each.lease.event.attempt) for worker in state.workers for each in worker.held
    }
    scores = {entry_in(member): score for member, score in view.due}
    for worker in state.workers:
        for entry, (owner, attempt) in view.pending.items():
            lives = owner == worker.name and view.now + PATIENCE * 1000 < scores.get(entry, 0) < PARKED_SCORE
            asked = worker.take_open or worker.settle_open
            record = view.records.get(view.event_of.get(entry, ""))
            if record and record.outcome in FINAL:
                continue  # a repeat does not name what is done meanwhile; that lease lapses
            if lives and not asked and (owner, entry, attempt) not in known:
                yield f"{owner} has a lease of {entry} and does not know"
