"""Handlers ask for follow-ups and cancel them, and what is due begins: by calls of the client, `FollowUps`."""

from collections.abc import Iterator
from functools import partial

from msgspec.structs import replace

from salesloft_webhooks.broker import FollowUps
from tests.model.state import KEY, Handled, Held, Scope, State, Worker
from tests.model.store import ModelStore, at_once
from tests.model.surroundings import sent_by
from tests.model.view import View
from tests.model.worker_steps import Effect, Step, act_of, options, with_worker


def follow_up_steps(scope: Scope, state: State, view: View) -> Iterator[Step]:
    """What the handlers that run may do, and that somebody begins what is due."""
    if view.waiting:
        yield Step("what is due begins", partial(_begin, scope, state), ordinary=True)
    for worker in state.workers:
        for held in worker.held:
            if held.handled is not Handled.BEGUN or worker.settle_open:
                continue
            event, does = held.lease.event.event_id, scope.handler_of(held.lease.event.event_id)
            if does == "a":
                yield Step(f"{event} asks of {worker.name}", partial(_ask, scope, state, worker, held), ordinary=True)
                if state.faults and not state.flying:
                    lose = partial(_lose_ask, scope, replace(state, faults=state.faults - 1), view, worker, held)
                    yield Step(f"what {event} asks of {worker.name} is lost", lose)
            elif does == "c":
                cancel = partial(_cancel, scope, state, worker, held)
                yield Step(f"{event} cancels at {worker.name}", cancel, ordinary=True)


def _follow_ups(scope: Scope, store: ModelStore) -> FollowUps:
    follow_ups = FollowUps(store.as_store, options(scope), compress=False)
    follow_ups._newest_written = True  # as if it had asked which format is written
    return follow_ups


def _begin(scope: Scope, state: State, store: ModelStore) -> Effect:
    at_once(_follow_ups(scope, store).begin(0))
    return Effect(state)


def _ask(scope: Scope, state: State, worker: Worker, held: Held, store: ModelStore) -> Effect:
    act = act_of(scope, held.lease)
    waits, _ = at_once(_follow_ups(scope, store).ask(held.lease, act))
    promised = state.promised | {act.follow_up} if waits else state.promised
    return Effect(_with_handled(replace(state, promised=promised), worker, held, Handled.CALLED))


def _lose_ask(scope: Scope, state: State, view: View, worker: Worker, held: Held, store: ModelStore) -> Effect:
    act, follow_ups = act_of(scope, held.lease), _follow_ups(scope, store)
    flying = sent_by(store, worker, view, lambda: at_once(follow_ups.ask(held.lease, act)))
    return Effect(_with_handled(replace(state, flying=flying), worker, held, Handled.REFUSED))


def _cancel(scope: Scope, state: State, worker: Worker, held: Held, store: ModelStore) -> Effect:
    ended = at_once(_follow_ups(scope, store).end_by_key(held.lease, KEY))
    cancelled = frozenset(act.follow_up for act in ended.here)
    state = replace(state, cancelled=state.cancelled | cancelled)
    effect = Effect(_with_handled(state, worker, held, Handled.CALLED))
    return replace(effect, cancels=held.lease.lane, ended=cancelled)


def _with_handled(state: State, worker: Worker, held: Held, handled: Handled) -> State:
    leases = tuple(replace(each, handled=handled) if each is held else each for each in worker.held)
    return with_worker(state, replace(worker, held=leases))
