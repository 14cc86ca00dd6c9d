"""What happens to the workers: time passes, clocks leap, processes die, calls are lost."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from salesloft_webhooks.broker import Settlement
from tests.model.state import HALF, LEASE, PATIENCE, Flying, Handled, Scope, State, Worker
from tests.model.store import CallLost, ModelStore, at_once
from tests.model.view import View
from tests.model.worker_steps import Effect, Step, endings, group_of, renew, with_worker

LEAP, STEP_BACK = LEASE + HALF, -2 * LEASE


def passing(scope: Scope, state: State, view: View) -> Iterator[Step]:
    """A lease's time goes by, in which some renew; or the moment in which the living may report."""
    if view.now < int(view.clock.get("reporting_until", 0)):
        yield Step("patience is over", partial(_leap, state, PATIENCE, 0), ordinary=True)
    if not (view.pending or view.pause or view.waiting):
        return
    holding = [each for each in state.workers if each.held]
    yield Step("time passes", partial(_pass, scope, state, holding, 0), ordinary=True)
    if not state.faults:
        return
    for stalled in holding:
        others = [each for each in holding if each is not stalled]
        yield Step(f"time passes, {stalled.name} is stalled", partial(_pass, scope, state, others, 1))
    if len(holding) > 1:
        yield Step("time passes, both are stalled", partial(_pass, scope, state, [], 1))
    yield Step("the clock leaps, or nobody calls", partial(_leap, state, LEAP, 1))
    if view.clock.get("called") and view.now == state.seconds * 1000 + int(view.clock.get("offset", 0)):
        yield Step("the clock is set back", partial(_leap, state, STEP_BACK, 1))


def _pass(scope: Scope, state: State, renewing: Sequence[Worker], cost: int, store: ModelStore) -> Effect:
    state = replace(state, faults=state.faults - cost)
    for _ in range(LEASE // HALF):
        state = _advanced(store, state, HALF)
        at_once(group_of(store, scope, state.workers[0]).extend(0, []))  # somebody always calls
        for name in [each.name for each in renewing]:
            worker = next(each for each in state.workers if each.name == name)
            state = renew(scope, state, worker, store).state
    return Effect(state)


def _leap(state: State, seconds: int, cost: int, store: ModelStore) -> Effect:
    return Effect(_advanced(store, replace(state, faults=state.faults - cost), seconds))


def _advanced(store: ModelStore, state: State, seconds: int) -> State:
    store.script("advance", [seconds])
    return replace(state, seconds=state.seconds + seconds)


# -- faults -----------------------------------------------------------------------------------------------------------


def faults(scope: Scope, state: State, view: View) -> Iterator[Step]:
    """A worker dies; a call is lost on its way, and may arrive at any time afterwards, or never."""
    if state.flying:
        yield Step("the lost call arrives", partial(_arrive, state, view))
        yield Step("the lost call never arrives", lambda _: Effect(replace(state, flying=None)), ordinary=True)
    if not state.faults:
        return
    cheaper = replace(state, faults=state.faults - 1)
    for worker in state.workers:
        if worker.held or worker.take_open or worker.settle_open:
            yield Step(f"{worker.name} dies", partial(_die, cheaper, worker))
        if state.flying:
            continue
        if len(worker.held) < scope.slots and not worker.take_open:
            yield Step(f"a take of {worker.name} is lost", partial(_lose_take, scope, cheaper, view, worker))
        if not worker.settle_open:
            yield from _lost_settles(scope, cheaper, view, worker)


def _lost_settles(scope: Scope, cheaper: State, view: View, worker: Worker) -> Iterator[Step]:
    for held in worker.held:
        for said, ended, _ in endings(scope, held, setbacks=0):
            if len(ended) == 1 and held.handled is not Handled.REFUSED:
                name = f"a settle of {worker.name} is lost, {said}"
                yield Step(name, partial(_lose_settle, scope, cheaper, view, worker, ended))


def _die(state: State, worker: Worker, _: ModelStore) -> Effect:
    born = Worker(f"w{state.dying + 2}")
    workers = tuple(born if each is worker else each for each in state.workers)
    return Effect(replace(state, workers=workers, dying=state.dying + 1))


def _lose_take(scope: Scope, state: State, view: View, worker: Worker, store: ModelStore) -> Effect:
    group = group_of(store, scope, worker)
    sent = sent_by(store, worker, view, lambda: at_once(group.take(0, scope.slots - len(worker.held))))
    return Effect(with_worker(replace(state, flying=sent), replace(worker, take_open=True)))


def _lose_settle(
    scope: Scope, state: State, view: View, worker: Worker, ended: tuple[Settlement, ...], store: ModelStore
) -> Effect:
    group = group_of(store, scope, worker)
    sent = sent_by(store, worker, view, lambda: at_once(group.settle_and_continue(0, ended, 1)))
    return Effect(with_worker(replace(state, flying=sent), replace(worker, settle_open=ended)))


def sent_by(store: ModelStore, worker: Worker, view: View, call: Callable[[], object]) -> Flying:
    """The call that it would have been, had it not been lost."""
    store.losing = True
    try:
        call()
    except CallLost:
        return Flying(worker.name, view.run, *store.sent)
    finally:
        store.losing = False
    raise AssertionError("it sent nothing")


def _arrive(state: State, view: View, store: ModelStore) -> Effect:
    assert state.flying is not None
    store.script(state.flying.script, state.flying.args)
    surprised = state.surprised or state.flying.run != view.run
    return Effect(replace(state, flying=None, surprised=surprised))
