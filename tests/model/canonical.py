"""States that are the same for all that may follow have the same digest.

Ids of entries become their ranks, names of workers their places, times what they are beside the group's clock, and that
only as far as any script tells it apart. What nothing depends on is left out: what people read, consumers that are
gone, counts of repeats.
"""

from hashlib import blake2b
from typing import Any

from salesloft_webhooks.broker import Lease
from salesloft_webhooks.broker.keys import PARKED_SCORE
from tests.model.state import GROUP, HALF, LEASE, State, Worker, named
from tests.model.view import BASE, View, entry_in, order

ROUND = HALF // 10 * 1000
DEAD, NOBODY = "dead", "-"
ENDED_KEYS = f"{BASE}g:{GROUP}:later:key:"


class _Ranks:
    """Ids by their order among all that are mentioned."""

    def __init__(self, ids: set[str]) -> None:
        self._rank = {each: rank for rank, each in enumerate(sorted(ids, key=order))}

    def __call__(self, entry: str) -> int:
        return self._rank.get(entry, -1)


def digest(state: State, view: View) -> bytes:
    """Of a state."""
    return blake2b(repr(canonical(state, view)).encode(), digest_size=12).digest()


def canonical(state: State, view: View) -> Any:
    """What decides about what may follow."""
    held = {each.lease.entry_id for worker in state.workers for each in worker.held}
    ranks = _Ranks({entry for entry, _, _ in view.stream} | view.pending.keys() | held)
    workers = sorted((_worker(state, view, worker, ranks), worker.name) for worker in state.workers)
    names = {name: str(place) for place, (_, name) in enumerate(workers)} | {NOBODY: NOBODY}
    flying = state.flying and (names.get(state.flying.sender, DEAD), _call(state, view, ranks))
    budgets = (state.faults, state.acts, state.setbacks, state.published, state.removing)
    about_workers, records = [about for about, _ in workers], _records(view, ranks)
    follow_ups, permits = _follow_ups(state, view), _permits(state, view, ranks, names)
    return (budgets, about_workers, flying, _store(state, view, ranks, names), records, follow_ups, permits)


def _follow_ups(state: State, view: View) -> Any:
    waiting = sorted((name, _from_now(due, view.now)) for name, due in view.waiting.items())
    ended = {key for key in view.keys if key.startswith(ENDED_KEYS)}
    put_off = sorted((key, named(said).partition(" ")[0]) for key, said in view.ended.items() if named(said) != said)
    latest = sorted(view.latest.items())
    return (waiting, latest, sorted(ended), put_off, sorted(state.promised), sorted(state.cancelled))


def _permits(state: State, view: View, ranks: _Ranks, names: dict[str, str]) -> Any:
    """Whose they are, for what, and for how long; of nobody's only the last. What only people read is left out."""
    known: dict[str, tuple[str, str, int]] = {}
    for worker in state.workers:
        known |= {each.permit: ("held", names[worker.name], ranks(each.lease.entry_id)) for each in worker.held}
        known |= {permit: ("returned", names[worker.name], ranks(entry)) for permit, entry in worker.returns}
    in_use = sorted((known.get(name, ()), _from_now(end, view.now)) for name, end in view.permits.items())
    expected = sorted((ranks(name.partition(" ")[2]), _from_now(at, view.now)) for name, at in view.expected.items())
    reporting_until = int(view.clock.get("reporting_until", 0)) + LEASE * 1000 // 3
    return (in_use, expected, bool(in_use) and view.now < reporting_until)


def _store(state: State, view: View, ranks: _Ranks, names: dict[str, str]) -> Any:
    sender = state.flying.sender if state.flying else ""
    owners = names if sender in names else names | {sender: "sender"}
    return (
        [(ranks(entry), event, only) for entry, event, only in view.stream],
        ranks(view.read_to),
        view.read_to == "",
        [(ranks(entry), owners.get(owner, DEAD), count) for entry, (owner, count) in view.pending.items()],
        [(ranks(entry_in(member)), _from_now(score, view.now)) for member, score in view.due],
        [ranks(entry_in(member)) for member in view.isolated],
        sorted((lane, [ranks(each) for each in entries]) for lane, entries in view.lanes.items()),
        sorted((ranks(name.partition(":")[0]), name.partition(":")[2], said) for name, said in view.attempts.items()),
        _clock(view),
        view.pause and (view.pause, _from_now(view.keys["sl:{0}:g:crm:pause"], state.seconds * 1000)),
    )


def _clock(view: View) -> Any:
    raw = view.seconds * 1000 + int(view.clock.get("offset", 0))
    called, reporting = int(view.clock.get("called", raw)), int(view.clock.get("reporting_until", 0))
    silent = raw - called > HALF * 1000
    lost = view.now - int(view.clock.get("lost", 0)) < 600_000
    return (silent, called - raw > 1000, reporting > view.now, view.now <= reporting + 5000, lost)


def _records(view: View, ranks: _Ranks) -> Any:
    letters = [(event, ranks(entry), reason == "poison") for _, event, entry, reason in view.letters]
    known = [
        (
            each.event,
            each.outcome,
            bool(each.letter),
            ranks(each.poison),
            ranks(each.again),
            each.repeats != "",
            each.form,
            each.later,
        )
        for each in view.records.values()
    ]
    return letters, known


def _worker(state: State, view: View, worker: Worker, ranks: _Ranks) -> Any:
    held = sorted(
        (
            _lease(each.lease, view, ranks),
            _from_now(each.until, view.now),
            each.handled,
            each.permit
            and (each.permit in view.permits, each.permit_until < 0, _from_now(each.permit_until, view.now)),
        )
        for each in worker.held
    )
    returns = sorted((ranks(entry), permit in view.permits) for permit, entry in worker.returns)
    owned = [ranks(entry) for entry, (owner, _) in view.pending.items() if owner == worker.name]
    takes = view.takes.get(worker.name, "").split()
    ahead = int(takes[0]) - worker.takes if takes else -1
    flies = state.flying is not None and state.flying.sender == worker.name
    leased = [ranks(word) if "-" in word else word for word in takes[1:]] if ahead >= 0 or flies else []
    settles = view.settles.get(worker.name, "").split()
    settled = int(settles[0]) - worker.settles if settles else -1
    handed = [ranks(entry) for entry in settles[2:]] if settled >= 0 or flies else []
    asked = [(_lease(each.lease, view, ranks), each.outcome.value) for each in worker.settle_open]
    ahead, settled = max(ahead, -1), max(settled, -1)
    return (held, owned, worker.take_open, ahead, leased, asked, settled, handed, flies, returns)


def _lease(lease: Lease, view: View, ranks: _Ranks) -> Any:
    behind = [ranks(each.entry_id) for each in lease.behind]
    return (ranks(lease.entry_id), lease.event.attempt, lease.run == view.run, behind)


def _call(state: State, view: View, ranks: _Ranks) -> Any:
    """A call under way: its words, with ids as ranks, and its number beside the one that its sender would use now."""
    assert state.flying is not None
    if state.flying.script == "ask_later":
        return state.flying.script, state.flying.args[4]
    if state.flying.script == "handler_permits":
        event, permit = map(str, state.flying.args[-6:-4])
        owed = any(permit == each for worker in state.workers for each, _ in worker.returns)
        return state.flying.script, ranks(event.partition(" ")[2]), owed
    worker = next((each for each in state.workers if each.name == state.flying.sender), None)
    number = 12 if state.flying.script == "take" else 5
    words = [ranks(word) if ranks(word) >= 0 else word for word in (named(str(word)) for word in state.flying.args)]
    del words[number], words[1]
    words = [word == view.run if "." in str(word) else word for word in words]
    newest = worker and (worker.takes if state.flying.script == "take" else worker.settles)
    return state.flying.script, words, newest and min(newest - int(state.flying.args[number]), 2)


def _from_now(at: int, now: int) -> int:
    """Past, soon, or so far away; the largest is parked."""
    if at >= PARKED_SCORE - 1:
        return PARKED_SCORE
    left = at - now
    return 0 if left <= 0 else max(1, round(left / ROUND))
