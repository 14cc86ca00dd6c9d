"""Claimants of a limited group that ask, lose answers, come late and die, in any order: both limits hold."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.broker.permits_model import Permits
from tests.support.servers import Server


@pytest.fixture
def permits(server: Server) -> Iterator[Permits]:
    """Of nobody yet, on each engine."""
    with server.client() as redis:
        yield Permits(redis)


def steps(*kinds: str) -> st.SearchStrategy[list[tuple[str, str, int]]]:
    """What happens, to whom, and a number."""
    return st.lists(st.tuples(st.sampled_from(kinds), st.sampled_from("abc"), st.integers(0, 6)), max_size=60)


class Permit(NamedTuple):
    """One that was given."""

    to: str
    at_ms: int
    grant: int


@dataclass
class Claimant:
    """What one knows, and what it does."""

    running: int = 0
    unused: Counter[int] = field(default_factory=Counter)


class Story:
    """Claimants that ask, lose answers, end what runs, give back what has not begun, however late, and die."""

    def __init__(self, permits: Permits, most: int) -> None:
        self.permits, self.most, self.elapsed = permits, most, 0
        self.began: list[Permit] = []
        self.claimants = {name: Claimant() for name in "abc"}
        self.lives = dict.fromkeys("abc", 0)
        self.late: list[tuple[object, ...]] = []

    def step(self, what: str, name: str, number: int) -> None:
        """Do something."""
        one = self.claimants[name]
        if what == "pass":
            self.pass_time(number * 50)
        elif what == "clock back":
            self.permits.server_ms -= 2_000 + number * 1_000
        elif what == "end":
            one.running -= min(one.running, number)
        elif what == "refused" and one.running:
            self.refuse(name, number)
        elif what == "die":
            self.claimants[name], self.lives[name] = Claimant(), self.lives[name] + 1
        elif what == "late" and self.late:
            self.permits.send(self.late[number % len(self.late)])
        elif what in ("ask", "lose"):
            self.ask(name, number, lost=what == "lose")
        assert sum(each.running for each in self.claimants.values()) <= self.most

    def called(self, name: str) -> str:
        """A claimant of a new process has a new name."""
        return f"{name}{self.lives[name]}"

    def ask(self, name: str, wanted: int, *, lost: bool) -> None:
        """Ask for permits and begin with them; or never hear the answer."""
        one = self.claimants[name]
        unused = " ".join(f"{grant}:{count}" for grant, count in one.unused.items())
        call = self.permits.call(self.called(name), running=one.running, wanted=wanted, unused=unused)
        self.late.append(call)
        one.unused.clear()
        answer = self.permits.send(call)
        if not lost:
            one.running += answer.given
            self.began += [Permit(self.called(name), self.elapsed, answer.grant)] * answer.given

    def refuse(self, name: str, number: int) -> None:
        """Nothing begins with one of its permits, be it an old one; it asks for another."""
        one = self.claimants[name]
        ours = [each for each in self.began if each.to == self.called(name)]
        unused = ours[number % len(ours)]
        self.began.remove(unused)
        one.running -= 1
        one.unused[unused.grant] += 1
        self.ask(name, number, lost=False)

    def pass_time(self, ms: int) -> None:
        """Those who live keep what they have."""
        self.permits.server_ms += ms
        self.elapsed += ms
        self.permits.keep(**{self.called(name): one.running for name, one in self.claimants.items() if one.running})


ANY_NUMBER = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANY_NUMBER
@given(steps("ask", "lose", "late", "end", "refused", "die", "pass", "clock back"))
def test_whatever_is_lost_late_or_dead_both_limits_hold(permits: Permits, told: list[tuple[str, str, int]]) -> None:
    """Never more than four at once of those that live; never more begun in any span than burst and rate."""
    keep_to(permits, "4 10/1000/3", told)


@ANY_NUMBER
@given(steps("ask", "refused", "pass"))
def test_however_late_permits_come_back_the_rate_holds(permits: Permits, told: list[tuple[str, str, int]]) -> None:
    """Of several claimants, in any order: what comes back was not begun, and nothing begins twice for it."""
    keep_to(permits, "9 10/1000/3", told)


def keep_to(permits: Permits, limits: str, told: list[tuple[str, str, int]]) -> None:
    """Let it happen, and look at what has begun."""
    permits.redis.flushdb()
    permits.limit(limits)
    story = Story(permits, int(limits.split(maxsplit=1)[0]))

    for step in told:
        story.step(*step)

    times = [each.at_ms for each in story.began]
    for first, began in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= 3 + (times[last] - began) / 100
