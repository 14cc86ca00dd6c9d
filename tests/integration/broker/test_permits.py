"""Permits of a limited group: never more than the limit, whatever is lost, late or dead; and a turn for everybody."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.broker.permits_model import CLOCK, LEASE_MS, PERMITS, Permits
from tests.support.servers import Server


@pytest.fixture
def permits(server: Server) -> Iterator[Permits]:
    """Of nobody yet, on each engine."""
    with server.client() as redis:
        yield Permits(redis)


def test_no_more_than_the_limit_are_given_to_all_together(permits: Permits) -> None:
    """The second claimant is given what the first has left, then nothing until that says that it runs less."""
    permits.limit("5 -")

    assert permits.ask("a", wanted=3).given == 3
    assert permits.ask("b", wanted=9).given == 2
    refused = permits.ask("a", running=3, wanted=1)
    assert (refused.given, refused.held_up, refused.wait_ms) == (0, "running", -1)
    permits.ask("b", running=1, wanted=0)
    assert permits.ask("a", running=3, wanted=4).given == 1


def test_the_dead_give_back_what_they_had_when_their_lease_would_end(permits: Permits) -> None:
    """Until then nobody else has it; whoever keeps its own has it for longer."""
    permits.limit("2 -")
    permits.ask("dead")
    permits.ask("alive")

    for _ in range(4):
        permits.server_ms += LEASE_MS // 4 - 10
        permits.keep(alive=1)
        assert permits.ask("third").given == 0
    permits.server_ms += 100
    permits.keep(alive=1)

    assert permits.ask("third", wanted=5).given == 1


def test_nobody_living_loses_permits_while_the_store_is_away(permits: Permits) -> None:
    """After a silence longer than a lease, what runs is left to its owners for as long as leases are."""
    permits.limit("1 -")
    permits.ask("a")

    permits.server_ms += 3 * LEASE_MS
    assert permits.ask("b").given == 0
    permits.keep(a=1)
    permits.server_ms += 5_100
    assert permits.ask("b").given == 0
    permits.server_ms += LEASE_MS
    permits.ask("c", wanted=0)
    permits.server_ms += 5_100

    assert permits.ask("b").given == 1


def test_a_call_that_comes_late_changes_nothing(permits: Permits) -> None:
    """What a claimant ran before cannot come again behind what it runs now, nor take permits."""
    permits.limit("4 100/1000/10")
    old = permits.call("a", running=0, wanted=3)
    assert permits.ask("a", running=2, wanted=2).given == 2

    assert permits.send(old).given == 0
    assert permits.counted() == 4


def test_what_runs_is_counted_again_when_the_store_has_forgotten(permits: Permits) -> None:
    """A promoted replica without the latest permits counts them once they are kept; a newer word is not overruled."""
    permits.limit("3 -")
    permits.ask("a", wanted=3)
    permits.redis.delete(PERMITS)

    permits.keep(a=3)
    assert permits.ask("b").given == 0
    permits.ask("a", running=1, wanted=0)
    permits.run("keep_permits", "crm", LEASE_MS, "a", 3, 1)

    assert permits.counted() == 1


def test_a_bucket_is_never_fuller_than_its_burst(permits: Permits) -> None:
    """After an hour, and after more came back than was given, as many as the burst begin, and then one each time."""
    permits.limit("- 10/1000/4")
    permits.ask("a", wanted=4)
    permits.ask("a", running=0, wanted=0, unused=50)
    permits.server_ms += 3_600_000

    assert permits.ask("a", wanted=100).given == 4
    refused = permits.ask("a", running=4)
    assert (refused.given, refused.held_up, refused.wait_ms) == (0, "rate", 100)
    permits.server_ms += 100
    assert permits.ask("a", running=4, wanted=9).given == 1


def test_a_rate_that_is_changed_holds_at_once(permits: Permits) -> None:
    """Whoever was to wait for an hour waits for as long as the new rate says."""
    permits.limit("- 1/3600000/1")
    permits.ask("a")
    assert permits.ask("a", running=1).wait_ms > 3_000_000

    permits.limit("- 10/1000/1")

    assert permits.ask("a", running=1).wait_ms == 100
    permits.server_ms += 100
    assert permits.ask("a", running=1).given == 1


def test_what_limits_nothing_gives_what_is_wanted(permits: Permits) -> None:
    """Limits that were taken back, or that somebody's hand has made unreadable, hold up nobody."""
    for words in ("none none", "-3 0/1000/1", "x y"):
        permits.limit(words)

        assert permits.ask("a", wanted=7).given == 7


def test_who_has_waited_comes_first(permits: Permits) -> None:
    """Somebody busy may go on for a second; then it is the turn of whoever waits, while it asks again in time."""
    permits.limit("1 -")
    permits.ask("busy")
    permits.ask("waiting")
    permits.server_ms += 500
    permits.ask("waiting")
    assert permits.ask("busy", running=0).given == 1
    permits.server_ms += 600

    assert permits.ask("busy", running=0).given == 0
    assert permits.ask("waiting").given == 1
    permits.server_ms += 5_000
    permits.keep(waiting=1)
    assert permits.ask("waiting", running=0).given == 1, "the other one has not asked for long"


def test_who_waits_for_the_rate_is_told_when_its_turn_comes(permits: Permits) -> None:
    """Of those that wait, one is told the next permit, the other the one after that."""
    permits.limit("- 1/1000/1")
    permits.ask("a")
    permits.ask("first")
    permits.server_ms += 1
    permits.ask("second")
    permits.server_ms += 998
    assert permits.ask("first").wait_ms == 1
    permits.server_ms += 10

    assert permits.ask("second").wait_ms > 900
    assert permits.ask("first").given == 1


def test_permits_end_by_themselves(permits: Permits) -> None:
    """Nothing is left of a group whose workers are gone but what was said of its limits."""
    permits.limit("3 100/1000/5")
    permits.ask("a", wanted=2)

    assert 0 < permits.redis.pttl(PERMITS) <= 2 * LEASE_MS
    assert permits.redis.hget(CLOCK, "limits").endswith(" 3 100/1000/5")


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
