"""One fault at a live pipeline: struck under traffic, ended, waited for, and counted."""

import os
import time
from dataclasses import dataclass

import msgspec

from tests.chaos.counting import Counts
from tests.chaos.debounce_counting import DebounceCounts
from tests.chaos.fault import Fault
from tests.chaos.follow_up_counting import FollowUpCounts
from tests.chaos.limit_counting import LimitCounts
from tests.chaos.live import GROUPS, Live
from tests.chaos.seen_alerts import SeenAlerts

BEFORE_SECONDS = 3.0
"""Traffic that is watched before the fault: what is usual."""
DRAIN_SECONDS = 30.0
"""Without any progress, before what is left counts as lost."""
USUAL_SHARE = 0.5
"""Of a second's events that may always be on their way: 0.5 of the rate, or what was seen before the fault."""


class Found(msgspec.Struct):
    """What a trial has found.

    Attributes:
        scene: Name of the surroundings.
        fault: Its name.
        sentence: What happens.
        heals: How it ends.
        counts: Of the events that were first sent from `BEFORE_SECONDS` before it until all was well again.
        struck_seconds: How long it was under way.
        recovery_seconds: From its end until all was well again; None: not in time.
        alerts: Alerts whose condition came true, with the seconds after which, and how long it must stay so.
        restarts: Processes that were started again.
        may_lose: Whether the durability level does not promise to survive it.
        problems: Promises that were broken.
        load: The machine's load average when it was over: over its number of cores it was busy with other things.
        follow_ups: What became of those that the events have asked for; None: there are none in this scene.
        debounced: What became of them in the group whose handlers are debounced; None: there is none in this scene.
        limited: How the limits of the group were kept whose handlers are limited; None: there is none in this scene.
    """

    scene: str
    fault: str
    sentence: str
    heals: str
    counts: Counts
    struck_seconds: float
    recovery_seconds: float | None
    alerts: list[tuple[str, float, str]]
    restarts: int
    may_lose: bool
    problems: list[str]
    load: float | None = None
    follow_ups: FollowUpCounts | None = None
    debounced: DebounceCounts | None = None
    limited: LimitCounts | None = None


@dataclass
class Trial:
    """How a fault is tried.

    Attributes:
        live: What it is struck at.
        scene: Its surroundings' name.
        alerts: Who watches the alerts; None: nobody.
        before_seconds: How long traffic is watched before.
    """

    live: Live
    scene: str
    alerts: SeenAlerts | None = None
    before_seconds: float = BEFORE_SECONDS

    def run(self, fault: Fault) -> Found:
        """Strike, wait, count."""
        first, usual, restarts = self.live.next_number(), self._usual(), len(self.live.restarts)
        struck, watched_from = time.monotonic(), time.time()
        with fault.strike(self.live):
            time.sleep(fault.lasts)
        ended, may_lose = time.monotonic(), self.scene in fault.may_lose
        recovery = self.live.await_well(ended, usual, max(fault.seconds, 30.0), only_new=may_lose)
        end = self.live.next_number()
        self._drain(first, end, patient=not may_lose)
        with self.live.locked() as counting:
            counts = counting.counts(first, end)
            follow_ups = self.live.follow_ups.counts(first, end) if self.live.follow_ups else None
            debounced = self.live.debounced.counts(first, end) if self.live.debounced else None
            limited = self.live.limited.counts(first, end) if self.live.limited else None
            if may_lose:
                self._forget_lost(end)
        found = Found(
            scene=self.scene,
            fault=fault.name,
            sentence=fault.sentence,
            heals=fault.heals,
            counts=counts,
            struck_seconds=round(ended - struck, 1),
            recovery_seconds=None if recovery == float("inf") else round(recovery, 1),
            alerts=self.alerts.since(watched_from) if self.alerts else [],
            restarts=len(self.live.restarts) - restarts,
            may_lose=may_lose,
            problems=[],
            load=round(os.getloadavg()[0], 1),
            follow_ups=follow_ups,
            debounced=debounced,
            limited=limited,
        )
        found.problems = problems(found, fault.seconds)
        return found

    def _usual(self) -> int:
        """How far behind the groups are while nothing is wrong."""
        most, until = 0, time.monotonic() + self.before_seconds
        while time.monotonic() < until:
            most = max(most, self.live.behind())
            time.sleep(0.1)
        return max(2 * most, round(self.live.order.rate * USUAL_SHARE))

    def _drain(self, first: int, end: int, *, patient: bool) -> None:
        """Wait until every acknowledged event among these is effected in each group, and so are their follow-ups.

        Those that never are, are lost.

        It takes as long as it gets on: a busy machine, or a backlog, is no loss.
        """
        left, since = self._left(first, end), time.monotonic()
        while left and time.monotonic() - since < (DRAIN_SECONDS if patient else 5.0):
            time.sleep(0.1)
            if (now := self._left(first, end)) < left:
                left, since = now, time.monotonic()

    def _left(self, first: int, end: int) -> int:
        with self.live.locked() as counting:
            events = sum(first <= number < end for behind in counting.behind.values() for number in behind)
            return events + sum(
                each.left(first, end) for each in (self.live.follow_ups, self.live.debounced) if each is not None
            )

    def _forget_lost(self, end: int) -> None:
        for behind in self.live.counting.behind.values():
            behind.difference_update({number for number in behind if number < end})


def problems(found: Found, seconds: float) -> list[str]:
    """The promises that a trial has found broken, a sentence each."""
    counts, broken = found.counts, []
    if (lost := max(counts.lost.values())) and not found.may_lose:
        broken.append(f"{lost} acknowledged events were lost")
    if counts.after_done:
        broken.append(f"{counts.after_done} effects began after done was stored")
    if counts.order_broken:
        broken.append(f"{counts.order_broken} effects were out of order")
    if found.recovery_seconds is None or found.recovery_seconds >= seconds:
        late = "nor later" if found.recovery_seconds is None else f"but after {found.recovery_seconds:.1f} s"
        broken.append(f"not well again within {seconds:.0f} s, {late}")
    if counts.acknowledged < len(GROUPS):
        broken.append("hardly anything was acknowledged: this was no trial")
    for each in (found.follow_ups, found.debounced, found.limited):
        broken += each.problems if each else []
    return broken
