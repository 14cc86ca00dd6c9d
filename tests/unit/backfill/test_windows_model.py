"""Windows in random interleavings with changes: no last version of a row is ever passed over."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesloft_webhooks.backfill.progress import Progress, Rules
from salesloft_webhooks.backfill.windows import FilteredWindow, NewestFirstWindow, Window
from salesloft_webhooks.salesloft import Row
from tests.unit.backfill.changing_list import START, ChangingList, at, canonical_time

RULES = Rules(settle=timedelta(seconds=3), overlap=timedelta(seconds=40), memory=timedelta(days=7))
LATEST_COMMIT_SECONDS = 20


class World:
    """A team that goes on changing things, and a backfill that may die after any step."""

    def __init__(self, seed: int, per_page: int, *, filtered: bool) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.filtered = filtered
        self.list = ChangingList(per_page, dict.fromkeys(range(4), 0.5), "/people" if filtered else "/steps")
        self.hidden: list[tuple[float, int, float]] = []
        self.handed_over: set[tuple[int | None, str | None]] = set()
        self.progress = Progress.beginning(START)

    def happen(self) -> None:
        """Time passes, and something changes; some of it is visible later than its time says."""
        self.now += self.random.choice((0.0, 0.001, 0.5, 2.0))
        number = self.random.randrange(12)
        match self.random.randrange(5):
            case 0:
                many = self.random.sample(range(40), self.random.randrange(1, 12))
                self.list.records |= dict.fromkeys(many, self.now)
            case 1:
                visible = self.now + self.random.uniform(0, LATEST_COMMIT_SECONDS)
                self.hidden.append((visible, number, self.now))
            case 2 if self.filtered:  # an unfiltered list moves up then: only the overlap finds what that hides
                self.list.records.pop(number, None)
            case _:
                self.list.records[number] = self.now
        for each in [each for each in self.hidden if each[0] <= self.now]:
            self.hidden.remove(each)
            if self.list.records.get(each[1], -1.0) < each[2]:
                self.list.records[each[1]] = each[2]

    def round(self, *, quiet: bool = False) -> None:
        """One round, which may be cut off at any page; what it has handed over by then is so."""
        window = self.progress.window(at(self.now), RULES)
        if window is None:
            return
        reader: Window = FilteredWindow(*window) if self.filtered else NewestFirstWindow(*window)
        while True:
            page = self.list.page(reader.ask)
            step = reader.read(*page)
            self.hand_over(step.rows)
            if not quiet and self.random.random() < 0.1:
                return  # killed between the publishing and the cursor
            if step.position is not None:
                self.progress = self.progress.moved(step.position)
            if step.ended:
                self.progress = self.progress.read_until(window[1])
                return
            if not quiet and self.random.random() < 0.5:
                self.happen()

    def hand_over(self, rows: tuple[Row, ...]) -> None:
        """Remember what was published."""
        self.handed_over |= {(row.id, row.updated_at) for row in rows}


@pytest.mark.parametrize("filtered", [True, False], ids=["filtered", "newest-first"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), per_page=st.integers(1, 6))
def test_every_last_version_is_handed_over(seed: int, per_page: int, *, filtered: bool) -> None:
    """Whatever the ties, late commits, changes between two pages and deaths: at the end nothing is missing."""
    world = World(seed, per_page, filtered=filtered)

    for _ in range(30):
        for _ in range(world.random.randrange(4)):
            world.happen()
        world.round()
    world.now += LATEST_COMMIT_SECONDS + 1
    for _, number, time in world.hidden:
        if world.list.records.get(number, -1.0) < time:
            world.list.records[number] = time
    world.round(quiet=True)

    due = {(number, time) for number, time in world.list.records.items() if at(time) < at(world.now) - RULES.settle}
    seen = {(number, time) for number, time in due if (number, canonical_time(time)) in world.handed_over}
    assert due == seen
