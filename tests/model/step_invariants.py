"""What must hold of every step: what may be given to whom, and what an answer promises."""

from collections.abc import Iterator

from salesloft_webhooks.broker import Lease, Outcome, Settled, Settlement
from salesloft_webhooks.broker.keys import NOBODY
from tests.model.invariants import FINAL
from tests.model.state import HALF, State, Worker, named
from tests.model.view import View
from tests.model.worker_steps import Effect


def broken_by(effect: Effect, before: State, old: View, new: View) -> Iterator[str]:
    """Which of the invariants of a step do not hold."""
    if new.run == old.run and new.now < int(old.clock.get("called", 0)):
        yield "the group's clock went back"
    for record in old.records.values():
        later = new.records[record.event].outcome
        if (
            record.event not in effect.resubmitted
            and later != record.outcome
            and not _may_become(record.outcome, later)
        ):
            yield f"{record.event} was {record.outcome}, and is {later or 'not finished'}"
    settling = {settlement.lease.entry_id for settlement, _ in effect.settled}
    for name, lease in effect.given:
        yield from _wrongly_given(name, lease, old)
        for worker in () if before.removing else before.workers:
            yield from _side_by_side(name, lease, worker, old, settling)
    for at, (settlement, answer) in enumerate(effect.settled):
        yield from _wrongly_answered(settlement, answer, new)
        if at == 0 and effect.first_report:
            yield from _unexpected_answer(effect.reporter, settlement, answer, old)


def _may_become(outcome: str, later: str) -> bool:
    """Whether an event may go from one outcome to another one by itself: what is taken for poison may be done."""
    return outcome in {"", later} or (outcome, later) == ("dead", "done")


def _wrongly_given(name: str, lease: Lease, old: View) -> Iterator[str]:
    event = named(lease.event.event_id)
    owner = old.pending.get(lease.entry_id, (NOBODY, 0))[0]
    if old.records[event].outcome in FINAL:
        yield f"{event} is {old.records[event].outcome}, and was given to {name}"
    if old.pause and owner != name:
        yield f"the group is paused, and {event} was given to {name}"
    if _living_may_report(old) and owner not in {NOBODY, name}:
        yield f"nobody could call, and {event} was given to {name} before {owner} could report"


def _living_may_report(view: View) -> bool:
    """Whether lapsed leases are left to their owners: the store was away, and is back for less than five seconds."""
    called, until = int(view.clock.get("called", view.now)), int(view.clock.get("reporting_until", 0))
    return view.now < until or (view.now - called > HALF * 1000 and view.now > until + 5000)


def _side_by_side(name: str, lease: Lease, worker: Worker, old: View, settling: set[str]) -> Iterator[str]:
    """In a lane one attempt at a time: whoever has a lease that has not ended, and has not reported, is alone in it."""
    reported = settling | {each.lease.entry_id for each in worker.settle_open}
    for held in worker.held:
        one = held.lease
        same = worker.name == name and (one.entry_id, one.event.attempt) == (lease.entry_id, lease.event.attempt)
        valid = held.until > old.now and one.run == lease.run and one.entry_id not in reported
        if valid and not same and one.lane == lease.lane != "":
            yield f"{lease.event.event_id} was given to {name} while {worker.name} runs {one.event.event_id}"


def _wrongly_answered(settlement: Settlement, answer: Settled, new: View) -> Iterator[str]:
    event = named(settlement.lease.event.event_id)
    outcome = new.records[event].outcome
    counts = settlement.outcome is Outcome.DONE and answer in {Settled.SETTLED, Settled.LATE}
    if counts and outcome != "done":
        yield f"{event} was reported as done and answered with {answer}, and is not done"
    given_up = settlement.outcome is Outcome.DEAD and answer is Settled.SETTLED
    if given_up and outcome != "done" and not any(each[1] == event for each in new.letters):
        yield f"{event} was given up, and is no dead letter"


def _unexpected_answer(reporter: str, settlement: Settlement, answer: Settled, old: View) -> Iterator[str]:
    """Only who holds the lease may say how it ends; but what is done is done."""
    lease, pending = settlement.lease, old.pending.get(settlement.lease.entry_id)
    done = settlement.outcome is Outcome.DONE
    holds = pending == (reporter, lease.event.attempt) and lease.run == old.run
    if pending is None:
        expected = {Settled.GONE, Settled.LATE} if done else {Settled.GONE}
    elif holds or (done and pending[0] == NOBODY):
        expected = {Settled.SETTLED}
    else:
        expected = {Settled.LATE} if done else {Settled.LOST}
    if answer not in expected:
        yield f"{reporter} reported {settlement.outcome} of {lease.event.event_id} and was answered with {answer}"
