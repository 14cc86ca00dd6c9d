"""Contenders take turns within the time that their section has."""

import pytest
from bench import slices
from bench.options import Options
from bench.slices import Slice, Stage


class Clock:
    """Stands where slices look at the time."""

    now = 0.0

    def monotonic(self) -> float:
        """The time."""
        return self.now


CLOCK = Clock()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A section of 100 seconds, by a clock that only `taking` moves."""
    CLOCK.now = 0.0
    monkeypatch.setattr(slices, "time", CLOCK)
    return Stage("a section", Options(rounds=50, repeats=0, seconds=100.0))


def taking(seconds: float) -> Slice:
    """A slice that takes so long."""

    def measure(_: int) -> dict[str, float]:
        CLOCK.now += seconds
        return {"per second": 1.0}

    return measure


def rounds(stage: Stage) -> dict[str, int]:
    """How often each contender had its turn."""
    return {each.contender: len(each.values) for each in stage.figures}


def test_no_round_begins_that_would_end_after_the_section(stage: Stage) -> None:
    """Two of 15 seconds each have three rounds in 100 seconds."""
    stage.interleave({"one": taking(15), "other": taking(15)})

    assert rounds(stage) == {"one": 3, "other": 3}


def test_what_comes_first_leaves_time_for_what_comes_after_it(stage: Stage) -> None:
    """With a share of the time for the first, the second has more than the one round that it would have anyway."""
    stage.interleave({"first": taking(10)}, share=0.6)
    stage.interleave({"second": taking(10)})

    assert rounds(stage) == {"first": 6, "second": 4}
