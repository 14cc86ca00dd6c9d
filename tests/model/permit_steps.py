"""A limited handler: workers ask for permits, keep them and give them back, by calls of the client, `HandlerLimits`."""

from collections.abc import Iterator
from functools import partial

from msgspec.structs import replace

from salesloft_webhooks.broker import Ask, HandlerLimits, Return
from tests.model.permits import ask_of
from tests.model.state import Handled, Held, Scope, State, Worker
from tests.model.store import ModelStore, at_once
from tests.model.surroundings import sent_by
from tests.model.view import View
from tests.model.worker_steps import Effect, Step, options, with_worker

HELD_SECONDS = 0.02
"""What each call is said to have taken: by that is said when those that wait ask again, a moment later here."""


def permit_steps(scope: Scope, state: State, view: View) -> Iterator[Step]:
    """What is asked for, and what is given back."""
    for worker in state.workers:
        for held in worker.held:
            if held.handled is Handled.BEGUN and not worker.settle_open:
                yield from _asks(scope, state, view, worker, held)
        if worker.returns:
            yield Step(f"{worker.name} gives back", partial(_give_back, scope, state, worker), ordinary=True)


def _asks(scope: Scope, state: State, view: View, worker: Worker, held: Held) -> Iterator[Step]:
    event = held.lease.event.event_id
    yield Step(f"{worker.name} asks for {event}", partial(_ask, scope, state, worker, held), ordinary=True)
    if state.faults and not state.flying:
        lose = partial(_lose_ask, scope, replace(state, faults=state.faults - 1), view, worker, held)
        yield Step(f"what {worker.name} asks for {event} is lost", lose)


def _ask(scope: Scope, state: State, worker: Worker, held: Held, store: ModelStore) -> Effect:
    """With what comes back, as one call."""
    permit = f"{worker.name} {worker.asks}"
    (refused,) = _call(scope, worker, [ask_of(scope, permit, held.lease.entry_id)], store)
    after = replace(held, handled=Handled.REFUSED) if refused else replace(held, handled=Handled.CALLED, permit=permit)
    return Effect(with_worker(state, replace(_with(worker, held, after), returns=())))


def _lose_ask(scope: Scope, state: State, view: View, worker: Worker, held: Held, store: ModelStore) -> Effect:
    """The event goes back, and so does the permit that may have been given for it."""
    permit, entry = f"{worker.name} {worker.asks}", held.lease.entry_id
    alone = replace(worker, returns=())
    flying = sent_by(store, worker, view, lambda: _call(scope, alone, [ask_of(scope, permit, entry)], store))
    worker = _with(worker, held, replace(held, handled=Handled.REFUSED))
    worker = replace(worker, returns=(*worker.returns, (permit, entry)))
    return Effect(with_worker(replace(state, flying=flying), worker))


def _give_back(scope: Scope, state: State, worker: Worker, store: ModelStore) -> Effect:
    _call(scope, worker, [], store)
    return Effect(with_worker(state, replace(worker, returns=())))


def _call(scope: Scope, worker: Worker, asks: list[Ask], store: ModelStore) -> list[object]:
    returns = [Return(ask_of(scope, *each), HELD_SECONDS, used=True) for each in worker.returns]
    return list(at_once(HandlerLimits(store.as_store, options(scope)).ask(asks, returns)))


def _with(worker: Worker, held: Held, after: Held) -> Worker:
    leases = tuple(after if each is held else each for each in worker.held)
    return replace(worker, held=leases, asks=worker.asks + 1)


def too_many_at_once(scope: Scope, state: State, view: View) -> Iterator[str]:
    """Which handlers run although as many do as may; whose permit has ended does not count, as nobody could know."""
    running = [
        each.lease.event.event_id
        for worker in state.workers
        for each in worker.held
        if each.permit and each.permit_until > view.now
    ]
    if len(running) > scope.limit:
        yield f"{scope.limit} may run at once, and {running} do"
