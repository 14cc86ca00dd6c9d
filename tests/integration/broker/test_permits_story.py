"""Claimants of a limited group that ask, lose answers, come late and die, in any order: both limits hold."""

from collections.abc import Iterator
from dataclasses import dataclass

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


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "lose", "late", "end", "put back", "die", "pass", "clock back"]),
        st.sampled_from("abc"),
        st.integers(0, 6),
    ),
    max_size=40,
)


@dataclass
class Claimant:
    """What one knows, and what it does."""

    running: int = 0
    unused: int = 0


class Story:
    """Claimants that ask, lose answers, end what runs and die, and what that has come to."""

    def __init__(self, permits: Permits) -> None:
        self.permits, self.elapsed = permits, 0
        self.began: list[tuple[str, int]] = []
        self.claimants = {name: Claimant() for name in "abc"}
        self.lives = dict.fromkeys("abc", 0)
        self.late: list[tuple[object, ...]] = []

    def step(self, what: str, name: str, number: int) -> None:
        """Do something."""
        one = self.claimants[name]
        if what == "pass":
            self.pass_time(number * 150)
        elif what == "clock back":
            self.permits.server_ms -= 2_000 + number * 1_000
        elif what == "end":
            one.running -= min(one.running, number)
        elif what == "put back" and one.running:
            one.running, one.unused = one.running - 1, one.unused + 1
            self.began.pop(max(at for at, (who, _) in enumerate(self.began) if who == self.called(name)))
        elif what == "die":
            self.claimants[name], self.lives[name] = Claimant(), self.lives[name] + 1
        elif what == "late" and self.late:
            self.permits.send(self.late[number % len(self.late)])
        elif what in ("ask", "lose"):
            self.ask(name, number, lost=what == "lose")
        assert sum(each.running for each in self.claimants.values()) <= 4

    def called(self, name: str) -> str:
        """A claimant of a new process has a new name."""
        return f"{name}{self.lives[name]}"

    def ask(self, name: str, wanted: int, *, lost: bool) -> None:
        """Ask for permits and begin with them; or never hear the answer."""
        one = self.claimants[name]
        call = self.permits.call(self.called(name), running=one.running, wanted=wanted, unused=one.unused)
        self.late.append(call)
        one.unused = 0
        given = self.permits.send(call).given
        if not lost:
            one.running += given
            self.began += [(self.called(name), self.elapsed)] * given

    def pass_time(self, ms: int) -> None:
        """Those who live keep what they have."""
        self.permits.server_ms += ms
        self.elapsed += ms
        self.permits.keep(**{self.called(name): one.running for name, one in self.claimants.items() if one.running})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_is_lost_late_or_dead_both_limits_hold(permits: Permits, steps: list[tuple[str, str, int]]) -> None:
    """Never more than four at once of those that live; never more begun in any span than burst and rate."""
    permits.redis.flushdb()
    permits.limit("4 10/1000/3")
    story = Story(permits)

    for step in steps:
        story.step(*step)

    times = [at for _, at in story.began]
    for first, began in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= 3 + (times[last] - began) / 100
