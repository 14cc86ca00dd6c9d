"""Which outcomes go together, and what is said again of them."""

import time
from collections import deque
from datetime import UTC, datetime

from salesloft_webhooks.broker import FollowUpAct, Lease, Outcome, Settlement
from salesloft_webhooks.events import Event
from salesloft_webhooks.worker.outcome_bounds import KEPT_BYTES, Unsettled, bound_bytes, light_enough, said_again

MEGABYTE = 1024 * 1024


def done(number: int, *acts: FollowUpAct, before: tuple[FollowUpAct, ...] = ()) -> Settlement:
    """An event that is done."""
    event = Event(str(number), "a.b", "", "", datetime.now(UTC), b"{}")
    return Settlement(Lease(0, f"{number}-0", "", event), Outcome.DONE, follow_ups=acts, follow_ups_before=before)


def large(name: str = "f") -> FollowUpAct:
    """A follow-up of a megabyte."""
    return FollowUpAct(name, "subject", 0.0, b"", b"a" * MEGABYTE)


def test_a_call_takes_so_many_bytes_of_follow_ups() -> None:
    """Of a hundred outcomes with a megabyte each two go together; what is joined to the last one goes with it."""
    batch = [done(number, large()) for number in range(100)]
    apart = deque(Unsettled(each, 0.0) for each in batch)
    joined = deque(Unsettled(each, 0.0, joined=0 < number < 5) for number, each in enumerate(batch))

    assert len(light_enough(batch, apart)) == 2
    assert len(light_enough(batch, joined)) == 5
    assert len(light_enough([done(0, *[large()] * 9), done(1)], deque([Unsettled(done(0, *[large()] * 9), 0.0)]))) == 1


def test_what_is_said_again_says_all_that_was_stored() -> None:
    """With `done` may be lost what its handlers had stored before: both are said, and nothing that is old."""
    cancelled, asked = FollowUpAct("cancelled"), FollowUpAct("asked", "subject")
    now = time.monotonic()

    (again,) = said_again([(now - 60, done(1, asked)), (now, done(2, asked, before=(cancelled,)))])

    assert again.follow_ups == (cancelled, asked)


def test_what_is_kept_to_be_said_again_is_bounded() -> None:
    """Bodies of follow-ups do not fill the worker's memory: the oldest are forgotten."""
    confirmed = deque((0.0, done(number, large())) for number in range(100))

    bound_bytes(confirmed)

    assert len(confirmed) == KEPT_BYTES // MEGABYTE
    assert confirmed[-1][1].lease.entry_id == "99-0"
