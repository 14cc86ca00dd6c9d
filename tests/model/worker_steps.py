"""What workers do: take, settle, renew. Their calls are made by the client that they really have, `Group`."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle

from msgspec import Struct
from msgspec.structs import replace

from salesloft_webhooks.broker import DEBOUNCED as REASON
from salesloft_webhooks.broker import (
    FollowUpAct,
    FollowUps,
    Group,
    GroupOptions,
    HandlerLimits,
    Lease,
    Outcome,
    Settled,
    Settlement,
)
from salesloft_webhooks.follow_ups import Wanted
from salesloft_webhooks.settings import Ordering
from tests.model.permits import returned, with_permits_kept
from tests.model.state import DEBOUNCED, GROUP, HALF, KEY, LEASE, Handled, Held, Scope, State, Worker
from tests.model.store import ModelStore, at_once
from tests.model.view import View

DELAY = LEASE / 2
"""Of a retry, s."""


class Effect(Struct, frozen=True):
    """What a step has led to.

    Attributes:
        state: Afterwards; what is in the store is yet to be looked at.
        given: Leases that were given, and to whom.
        settled: What was reported, and the answers.
        reporter: By whom.
        first_report: Whether it was not reported before.
        resubmitted: Events that are to be handled anew, or not at all any more.
        cancels: In which lane a follow-up was cancelled; empty: in none.
        ended: Which were, as the answer says.
        run_now: Those that somebody has run before their time.
    """

    state: State
    given: tuple[tuple[str, Lease], ...] = ()
    settled: tuple[tuple[Settlement, Settled], ...] = ()
    reporter: str = ""
    first_report: bool = False
    resubmitted: frozenset[str] = frozenset()
    cancels: str = ""
    ended: frozenset[str] = frozenset()
    run_now: frozenset[str] = frozenset()


class Step(Struct, frozen=True):
    """Something that may happen.

    Attributes:
        name: For people.
        act: Does it to the store as it was in the state before.
        ordinary: Whether it happens by itself, sooner or later, where nothing goes wrong.
    """

    name: str
    act: Callable[[ModelStore], Effect]
    ordinary: bool = False


def options(scope: Scope) -> GroupOptions:
    """The group's."""
    ordering = Ordering.ENTITY if scope.ordered else Ordering.NONE
    return GroupOptions(GROUP, ("*",), ordering, float(LEASE), max_attempts=scope.max_lost)


def group_of(store: ModelStore, scope: Scope, worker: Worker, *, due_first: bool = True) -> Group:
    """The worker's client, as it stands in that state."""
    group = Group(store.as_store, options(scope), worker.name)
    group._halves[0] = cycle((math.ceil if due_first else math.floor,))
    group._take_numbers[0], group._take_unanswered[0] = worker.takes, worker.take_open
    group._settle_numbers[0], group._settle_unanswered[0] = worker.settles, bool(worker.settle_open)
    return group


def with_worker(state: State, worker: Worker) -> State:
    """The state in which one worker, known by its name, is another one."""
    return replace(state, workers=tuple(worker if each.name == worker.name else each for each in state.workers))


def worker_steps(scope: Scope, state: State, view: View) -> Iterator[Step]:
    """What either worker may do next."""
    for worker in state.workers:
        yield from _takes(scope, state, view, worker)
        yield from _settles(scope, state, worker)
        lapsed = any(each.until <= view.now or each.lease.run != view.run for each in worker.held)
        if lapsed:
            yield Step(f"{worker.name} renews", partial(renew, scope, state, worker))


def _takes(scope: Scope, state: State, view: View, worker: Worker) -> Iterator[Step]:
    room = scope.slots - len(worker.held)
    if room < 1:
        return
    is_due = any(score <= view.now for _, score in view.due)
    for due_first in (True, False) if is_due and view.unread() and room == 1 else (True,):
        said = "due" if due_first else "new"
        yield Step(
            f"{worker.name} takes {room}, {said} first",
            partial(take, scope, state, worker, due_first=due_first),
            ordinary=True,
        )
    if view.isolated or is_due:
        yield Step(f"{worker.name} takes isolated", partial(take, scope, state, worker, alone=True), ordinary=True)


def take(
    scope: Scope, state: State, worker: Worker, store: ModelStore, *, due_first: bool = True, alone: bool = False
) -> Effect:
    """A take, or the repeat of one that was not answered."""
    room = scope.slots - len(worker.held)
    leases = at_once(group_of(store, scope, worker, due_first=due_first).take(0, room, alone=alone)).leases
    worker = replace(worker, takes=worker.takes + 1, take_open=False, held=_with(worker.held, leases))
    return Effect(with_worker(state, worker), tuple((worker.name, lease) for lease in leases))


def _settles(scope: Scope, state: State, worker: Worker) -> Iterator[Step]:
    if worker.settle_open:
        yield Step(
            f"{worker.name} settles again", partial(settle, scope, state, worker, worker.settle_open), ordinary=True
        )
        return
    for held in worker.held:
        for said, settlements, rooms in endings(scope, held, setbacks=state.setbacks):
            for room in rooms:
                yield Step(
                    f"{worker.name} settles {said}, room {room}",
                    partial(settle, scope, state, worker, settlements, room=room),
                    ordinary=not costs(worker, settlements),
                )
    if len(worker.held) > 1 and not scope.singly:
        settlements = tuple(Settlement(each.lease, Outcome.DONE) for each in worker.held)
        yield Step(
            f"{worker.name} settles all", partial(settle, scope, state, worker, settlements, room=1), ordinary=True
        )


def endings(
    scope: Scope, held: Held, *, setbacks: int
) -> Iterator[tuple[str, tuple[Settlement, ...], tuple[int, ...]]]:
    """How an attempt may end, and what was run behind it; with how much room."""
    lease, event, does = held.lease, held.lease.event.event_id, scope.handler_of(held.lease.event.event_id)
    acts = (act_of(scope, lease),) if does in {"d", "b"} else ()
    done = Settlement(lease, Outcome.DONE, reason=REASON if does == "b" else "", follow_ups=acts)
    if held.handled is Handled.REFUSED:
        yield f"{event} release", (Settlement(lease, Outcome.RELEASE),), (0,)
        return
    if scope.limit and held.handled is Handled.BEGUN:
        return
    if held.handled is Handled.CALLED or does not in {"a", "c"}:
        yield f"{event} done", (done,), (0, 1)
    for at in range(1, len(lease.behind) + 1):
        behind = tuple(Settlement(each, Outcome.DONE) for each in lease.behind[:at])
        yield f"{event} and {at} behind it done", (done, *behind), (1,)
    if not setbacks:
        return
    retry = Settlement(lease, Outcome.RETRY, DELAY, error="boom")
    yield f"{event} retry", (retry,), (0,)
    yield f"{event} dead", (Settlement(lease, Outcome.DEAD, reason="permanent", error="boom"),), (1,)
    yield f"{event} release", (Settlement(lease, Outcome.RELEASE),), (0,)
    if lease.behind:
        failed = Settlement(lease.behind[0], Outcome.RETRY, DELAY, error="boom")
        yield f"{event} done and what is behind it retry", (done, failed), (1,)


def act_of(scope: Scope, lease: Lease) -> FollowUpAct:
    """What is stored for the follow-up that an event asks for: no server is asked for that."""
    follow_ups = FollowUps(ModelStore(None).as_store, options(scope), compress=False)
    put_off = scope.handler_of(lease.event.event_id) == "b"
    return at_once(follow_ups.act(lease, DEBOUNCED if put_off else Wanted(KEY, HALF, "", b"", on_done=False)))


def costs(worker: Worker, settlements: Sequence[Settlement]) -> bool:
    """Whether they are a setback; it is none when the store has not answered the handler."""
    refused = [each.lease for each in worker.held if each.handled is Handled.REFUSED]
    return any(each.outcome is not Outcome.DONE and each.lease not in refused for each in settlements)


def settle(
    scope: Scope, state: State, worker: Worker, settlements: Sequence[Settlement], store: ModelStore, *, room: int = 0
) -> Effect:
    """Report, and go on in the lanes where there is room; or the repeat of one that was not answered."""
    group, first, cost = group_of(store, scope, worker), not worker.settle_open, costs(worker, settlements)
    leases: tuple[Lease, ...] = ()
    if room or worker.settle_open:
        answer = at_once(group.settle_and_continue(0, settlements, room, behind=0 if scope.singly else 2 * room))
        results, leases = answer.results, answer.leases
        worker = replace(worker, settles=worker.settles + 1, settle_open=())
    else:
        results = tuple(at_once(group.settle(0, settlements)))
    ended = [each.lease for each in settlements]
    held = tuple(each for each in worker.held if each.lease not in ended)
    returns = returned(each for each in worker.held if each.lease in ended)
    worker = replace(worker, held=_with(held, leases), returns=worker.returns + returns)
    state = with_worker(replace(state, setbacks=state.setbacks - cost), worker)
    given = tuple((worker.name, lease) for lease in leases)
    return Effect(state, given, tuple(zip(settlements, results, strict=True)), worker.name, first)


def renew(scope: Scope, state: State, worker: Worker, store: ModelStore) -> Effect:
    """The worker renews all that it holds, permits, too, and stops what is lost."""
    leases = [each.lease for each in worker.held]
    kept = at_once(group_of(store, scope, worker).extend(0, leases))
    permitted = with_permits_kept(scope, worker.held, HandlerLimits(store.as_store, options(scope)))
    pairs = list(zip(permitted, kept, strict=True))
    held = tuple(replace(each, until=0) for each, ours in pairs if ours)
    returns = returned(each for each, ours in pairs if not ours)
    return Effect(with_worker(state, replace(worker, held=held, returns=worker.returns + returns)))


def _with(held: tuple[Held, ...], leases: Sequence[Lease]) -> tuple[Held, ...]:
    """What is held, and what was given; a lease that was given again counts once."""
    new = {(each.entry_id, each.event.attempt, each.run) for each in leases}
    kept = [each for each in held if (each.lease.entry_id, each.lease.event.attempt, each.lease.run) not in new]
    return (*kept, *(Held(lease) for lease in leases))


def dated(state: State, now: int) -> State:
    """Leases and permits that were given or renewed just now, by the group's clock, have their end."""
    if all(each.until and (each.permit_until or not each.permit) for worker in state.workers for each in worker.held):
        return state
    end = now + LEASE * 1000
    workers = (replace(worker, held=tuple(_held_until(each, end) for each in worker.held)) for worker in state.workers)
    return replace(state, workers=tuple(workers))


def _held_until(held: Held, end: int) -> Held:
    permit_until = held.permit and (held.permit_until or end)
    return replace(held, until=held.until or end, permit_until=permit_until or 0)
