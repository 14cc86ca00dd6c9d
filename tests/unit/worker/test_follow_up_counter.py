"""How soon an event comes again whose follow-up the store has not taken."""

from typing import Any, cast

import pytest

from salesloft_webhooks.errors import StoreFull
from salesloft_webhooks.worker.follow_up_asker import AWAY_LEAST, AWAY_MOST, Call, FollowUpCounter

FULL = StoreFull("full")


class Refusals:
    """A counter with a clock that a test moves, and what was reported of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.reported: list[tuple[int, str]] = []
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        nothing = cast("Any", None)
        self.counter = FollowUpCounter(nothing, frozenset(), nothing, lambda *said: self.reported.append(said))

    def at(self, seconds: float, partition: int = 0) -> float:
        """What an attempt that asks then waits for."""
        self.now = seconds
        return self.counter.away_seconds(partition, Call.ASK, FULL)


def test_the_longer_it_lasts_the_later_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds at first, then as long as it has lasted, a minute at the most; each refusal is reported."""
    refusals = Refusals(monkeypatch)

    assert [refusals.at(seconds) for seconds in (0, 1, 10, 300)] == [AWAY_LEAST, AWAY_LEAST, 10, AWAY_MOST]
    assert refusals.reported == [(0, "full")] * 4


def test_what_was_taken_ends_it_for_its_partition_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A follow-up that was taken, by whichever attempt: the next refusal is a first one; elsewhere it is not."""
    refusals = Refusals(monkeypatch)
    refusals.at(0)
    refusals.at(0, partition=1)

    refusals.counter.answered(0, Call.ASK)

    assert (refusals.at(30), refusals.at(30, partition=1)) == (AWAY_LEAST, 30)


def test_a_cancellation_says_nothing_of_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken by a full server, too: those who ask wait longer and longer all the same."""
    refusals = Refusals(monkeypatch)
    refusals.at(0)

    refusals.counter.answered(0, Call.CANCEL)

    assert refusals.at(30) == 30
