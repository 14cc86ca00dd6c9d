"""Which outcomes go together, and what is said again of them."""

import time
import weakref
from collections import deque
from datetime import UTC, datetime

import msgspec
import pytest

from salesloft_webhooks.broker import FILTERED, FollowUpAct, Lease, Outcome, Ran, Settlement
from salesloft_webhooks.broker.consumer_group import words_of
from salesloft_webhooks.broker.lease import ACT_BYTES
from salesloft_webhooks.events import Event
from salesloft_webhooks.worker.outcome_bounds import (
    KEPT_BYTES,
    SAID_AGAIN_MOST,
    ConfirmedLately,
    Unsettled,
    as_heard,
    light_enough,
)

MEGABYTE = 1024 * 1024


def done(number: int, *acts: FollowUpAct, before: tuple[FollowUpAct, ...] = ()) -> Settlement:
    """An event that is done."""
    event = Event(str(number), "a.b", "", "", datetime.now(UTC), b"{}")
    return Settlement(Lease(0, f"{number}-0", "", event), Outcome.DONE, follow_ups=acts, follow_ups_before=before)


def large(name: str = "f") -> FollowUpAct:
    """A follow-up of a megabyte."""
    return FollowUpAct(name, "subject", 0.0, b"", b"a" * (MEGABYTE - ACT_BYTES))


def test_a_call_takes_so_many_bytes_of_follow_ups() -> None:
    """Of a hundred outcomes with a megabyte each two go together; what is joined to the last one goes with it."""
    batch = [done(number, large()) for number in range(100)]
    apart = deque(Unsettled(each, 0.0) for each in batch)
    joined = deque(Unsettled(each, 0.0, joined=0 < number < 5) for number, each in enumerate(batch))

    assert len(light_enough(batch, apart)) == 2
    assert len(light_enough(batch, joined)) == 5
    assert len(light_enough([done(0, *[large()] * 9), done(1)], deque([Unsettled(done(0, *[large()] * 9), 0.0)]))) == 1


def test_what_has_no_body_weighs_something() -> None:
    """Cancellations take their time in the server, too: those of many events do not go in one call."""
    ended = tuple(FollowUpAct(str(number), ended="cancelled", stored=1.0) for number in range(64))
    batch = [done(number, before=ended) for number in range(200)]

    assert len(light_enough(batch, deque(Unsettled(each, 0.0) for each in batch))) < 200


def test_what_is_said_again_says_all_that_was_stored() -> None:
    """With `done` may be lost what its handlers had stored before: both are kept, and since when each was stored."""
    cancelled, asked = FollowUpAct("cancelled", ended="cancelled", stored=1.0), FollowUpAct("asked", "subject")
    confirmed = ConfirmedLately()
    began = time.monotonic()

    confirmed.add(done(2, asked, before=(cancelled,)), time.monotonic())

    (again,) = confirmed.taken()
    assert again.follow_ups_before == (cancelled,)
    assert [act.stored >= began for act in again.follow_ups] == [True]
    assert confirmed.taken() == []


def test_an_ordinary_outcome_is_said_again_without_its_event() -> None:
    """The same words go to the store; what the event says is freed as soon as it is done."""
    event = Event("of-it", "a.b", "", "", datetime.now(UTC), b"{}" * MEGABYTE)
    outcome = Settlement(Lease(3, "5-1", "person:7", event, run="r", followed=True), Outcome.DONE)
    said, alive, confirmed = words_of([outcome]), weakref.ref(event), ConfirmedLately()

    confirmed.add(outcome, time.monotonic())
    del outcome, event

    assert alive() is None
    (again,) = confirmed.taken()
    assert words_of([again]) == said
    assert (again.lease.partition, again.lease.followed) == (3, True)


@pytest.mark.parametrize(
    "outcome",
    [
        Settlement(Lease(0, "1-0", "", Event("e", "a.b", "", "", datetime.now(UTC), b"", attempt=2)), Outcome.DONE),
        Settlement(done(1).lease, Outcome.DONE, reason=FILTERED),
        Settlement(msgspec.structs.replace(done(1).lease, resubmitted=True), Outcome.DONE, ran=Ran(1.0, 2.0)),
    ],
    ids=["a later attempt", "filtered", "a redrive"],
)
def test_what_is_out_of_the_ordinary_is_said_again_whole(outcome: Settlement) -> None:
    """Its history and why it is done are told of once more, too."""
    confirmed = ConfirmedLately()

    confirmed.add(outcome, time.monotonic())

    assert confirmed.taken() == [outcome]


def test_what_was_stored_before_the_store_failed_is_said_with_the_outcome() -> None:
    """It may be lost with the store; what was stored since is not, and is not sent once more."""
    outcome = done(1, before=(FollowUpAct("asked", "subject", stored=5.0),))

    assert as_heard(Unsettled(outcome, 0.0), 6.0).follow_ups_before != ()
    assert as_heard(Unsettled(outcome, 0.0), 4.0).follow_ups_before == ()
    assert as_heard(Unsettled(outcome, 0.0, again=True), 4.0).follow_ups_before != ()


def test_what_is_kept_to_be_said_again_is_bounded() -> None:
    """Bodies of follow-ups do not fill the worker's memory: the oldest are forgotten."""
    confirmed = ConfirmedLately()

    for number in range(100):
        confirmed.add(done(number, large()), time.monotonic())

    kept = confirmed.taken()
    assert len(kept) == KEPT_BYTES // MEGABYTE
    assert kept[-1].lease.entry_id == "99-0"


def test_so_many_are_kept_to_be_said_again() -> None:
    """The latest thousand, whatever they weigh: what falls out no longer counts, and what comes later finds room."""
    confirmed = ConfirmedLately()

    for number in range(SAID_AGAIN_MOST + 10):
        confirmed.add(done(number, *[large()] * (number < 3)), time.monotonic())
    confirmed.add(done(5_000, large()), time.monotonic())

    kept = confirmed.taken()
    assert len(kept) == SAID_AGAIN_MOST
    assert (kept[0].lease.entry_id, kept[-1].lease.entry_id) == ("11-0", "5000-0")
