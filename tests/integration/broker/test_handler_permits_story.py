"""Events of limited handlers that ask, run, lose their workers and come again, in any order: all limits hold."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.broker.handler_permits_model import BASE, Handlers
from tests.integration.broker.permits_model import LEASE_MS
from tests.support.servers import Server

MOST, INTERVAL_MS, BURST = 2, 100, 3
LIMIT = f"{MOST} 10/1000/{BURST}"
KEYS = ("a", "b")


@pytest.fixture
def handlers(server: Server) -> Iterator[Handlers]:
    """Of nobody yet, on each engine."""
    with server.client() as redis:
        yield Handlers(redis)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask both", "lose", "end", "unused", "die", "late end", "pass", "clock back"]),
        st.sampled_from(KEYS),
        st.integers(0, 7),
    ),
    max_size=40,
)


@dataclass(frozen=True)
class Running:
    """A call: its permit, what it is for, and when it began."""

    permit: str
    wants: tuple[tuple[str, str], ...]
    began: int


class Story:
    """What has come to run, and when it began."""

    def __init__(self, handlers: Handlers) -> None:
        self.handlers = handlers
        self.elapsed = 0
        self.running: list[Running] = []
        self.ended: list[Running] = []
        self.began: dict[str, list[int]] = {key: [] for key in KEYS}

    def step(self, what: str, key: str, number: int) -> None:
        """Do something; then as many run of each key as may."""
        if what == "pass":
            self.pass_time(number * 150)
        elif what == "clock back":
            self.handlers.calls.server_ms -= 2_000 + number * 1_000
        elif what in ("ask", "ask both", "lose"):
            self.ask(key, number, both=what == "ask both", lost=what == "lose")
        elif what == "late end" and self.ended:
            one = self.ended[number % len(self.ended)]
            self.handlers.give_back(one.permit, *one.wants, held_ms=number - 1)
        elif self.running and what in ("end", "unused", "die"):
            self.end(what, self.running.pop(number % len(self.running)))
        for each in KEYS:
            assert sum((LIMIT, each) in one.wants for one in self.running) <= MOST

    def ask(self, key: str, number: int, *, both: bool, lost: bool) -> None:
        """An event asks; whoever does not hear the answer begins nothing."""
        wants = tuple((LIMIT, each) for each in (KEYS if both else key))
        permit = self.handlers.ask(f"{key}{number}", *wants).permit
        if permit and not lost:
            self.running.append(Running(permit, wants, self.elapsed))
            for _, each in wants:
                self.began[each].append(self.elapsed)

    def end(self, what: str, one: Running) -> None:
        """It is over: given back, as used or not, or not given back at all."""
        if what == "unused":
            for _, each in one.wants:
                self.began[each].remove(one.began)
        if what != "die":
            self.handlers.give_back(one.permit, *one.wants, held_ms=-1 if what == "unused" else 30)
        self.ended.append(one)

    def pass_time(self, ms: int) -> None:
        """Those who live keep what they have."""
        self.handlers.pass_ms(ms)
        self.elapsed += ms
        for one in self.running:
            for _, each in one.wants:
                assert self.handlers.keep(one.permit, digest=each) == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_is_lost_late_or_dead_the_limits_of_each_key_hold(
    handlers: Handlers, steps: list[tuple[str, str, int]]
) -> None:
    """Never more at once, never more begun in any span than burst and rate; in the end all can begin, and all ends."""
    handlers.redis.flushdb()
    story = Story(handlers)

    for step in steps:
        story.step(*step)

    for times in story.began.values():
        for first, began in enumerate(times):
            for last in range(first, len(times)):
                assert last - first + 1 <= BURST + (times[last] - began) / INTERVAL_MS
    for one in story.running:
        handlers.give_back(one.permit, *one.wants)
    for _ in range(10):
        handlers.pass_ms(LEASE_MS // 4)
        handlers.keep()
    assert handlers.ask("last", *((LIMIT, each) for each in KEYS)).permit
    assert all(handlers.redis.pttl(key) != -1 for key in handlers.redis.keys(f"{BASE}:*"))
