"""Events that need several limited handlers beside events that need one of them: whose turn it is."""

import heapq
from collections import Counter
from collections.abc import Iterator
from itertools import count

import pytest

from tests.integration.broker.handler_permits_model import BASE, Handlers
from tests.support.servers import Server

A, B = ("1 -", "a"), ("1 -", "b")
TEN_A_SECOND = ("- 10/1000/2", "k")
CALL_MS = {"a": 1_000, "b": 731}
Wants = tuple[tuple[str, str], ...]


@pytest.fixture
def handlers(server: Server) -> Iterator[Handlers]:
    """Of nobody yet, on each engine."""
    with server.client() as redis:
        yield Handlers(redis)


class Load:
    """Events that ask when they should, run, and are followed by others like them."""

    def __init__(self, handlers: Handlers) -> None:
        self.handlers = handlers
        self.began: Counter[str] = Counter()
        self._numbers = count(1)
        self._next: list[tuple[int, int, str, Wants, str]] = []

    def add(self, name: str, *wants: tuple[str, str], after_ms: int = 0) -> None:
        """One more that asks then."""
        self._at(after_ms, f"{name} {next(self._numbers)}", wants)

    def run(self, seconds: int) -> None:
        """For so long, by the server's clock."""
        calls = self.handlers.calls
        end = calls.server_ms + seconds * 1_000
        while self._next and self._next[0][0] <= end:
            at, _, event, wants, permit = heapq.heappop(self._next)
            calls.server_ms = max(calls.server_ms, at)
            if permit:
                self.handlers.give_back(permit, *wants, held_ms=self._call_ms(wants))
                self.add(event.split()[0], *wants, after_ms=3)
                continue
            answer = self.handlers.ask(event, *wants)
            if answer.permit:
                self.began[event.split()[0]] += 1
                self._at(self._call_ms(wants), event, wants, answer.permit)
            else:
                self._at(answer.wait_ms + 3, event, wants)

    def _at(self, after_ms: int, event: str, wants: Wants, permit: str = "") -> None:
        item = (self.handlers.calls.server_ms + after_ms, next(self._numbers), event, wants, permit)
        heapq.heappush(self._next, item)

    def _call_ms(self, wants: Wants) -> int:
        return max(CALL_MS[digest] for _, digest in wants)


def test_an_event_of_two_limited_handlers_has_its_turn_however_busy_they_are(handlers: Handlers) -> None:
    """Both run one at once and are always wanted: those that need both begin, too, and starve nobody."""
    load = Load(handlers)
    for _ in range(3):
        load.add("a", A)
        load.add("b", B)
    for _ in range(2):
        load.add("both", A, B, after_ms=500)

    load.run(seconds=120)

    assert load.began["both"] >= 6
    assert load.began["a"] >= 30
    assert load.began["b"] >= 30
    assert all(handlers.redis.pttl(key) != -1 for key in handlers.redis.keys(f"{BASE}:*"))


def test_of_two_that_keep_places_the_one_that_has_waited_longer_goes_first(handlers: Handlers) -> None:
    """Its place is its own at each handler, and the other one gives its places up: they do not wait for each other."""
    held = {want: handlers.ask("holds", want).permit for want in (A, B)}
    for event in ("old", "young") * 12:
        handlers.ask(event, A, B)
        for want, permit in held.items():
            handlers.keep(permit, digest=want[1])
        handlers.pass_ms(1_000)
    for want, permit in held.items():
        handlers.give_back(permit, want)

    assert handlers.ask("anew", A).permit == ""
    assert handlers.ask("young", A, B).permit == ""
    assert handlers.ask("old", A, B).permit


def test_who_waits_for_another_handler_holds_up_nobody_at_this_one(handlers: Handlers) -> None:
    """A hundred that the second handler refuses for a minute: the first one is as free as without them."""
    rate, hour = ("- 10/1000/1", "a"), ("- 1/3600000/1", "b")
    handlers.ask("first", hour)
    refused = [handlers.ask(f"e{number}", rate, hour) for number in range(100)]

    first, second = handlers.ask("x", rate), handlers.ask("y", rate)

    assert {each.wait_ms for each in refused} == {60_000}
    assert first.permit
    assert second.wait_ms == 100


def test_a_bucket_that_is_full_in_days_is_known_for_as_long(handlers: Handlers) -> None:
    """Its permits have lapsed long ago: its burst does not begin once more."""
    slow = ("- 1/3600000/100", "k")
    for number in range(100):
        permit = handlers.ask(f"e{number}", slow).permit
    handlers.keep(permit)

    assert handlers.redis.pttl(f"{BASE}:k") > 90 * 3_600_000


def test_what_comes_back_late_brings_no_more_than_could_not_be_refilled(handlers: Handlers) -> None:
    """The bucket was full again before: its burst began, and does not once more for permits of before that."""
    late = [handlers.ask(f"l{number}", TEN_A_SECOND).permit for number in range(2)]
    handlers.pass_ms(1_000)
    begun = [handlers.ask(f"b{number}", TEN_A_SECOND).permit != "" for number in range(2)]
    for permit in late:
        handlers.give_back(permit, TEN_A_SECOND, held_ms=-1_001)
    soon = handlers.ask("x", TEN_A_SECOND)
    handlers.pass_ms(100)
    fresh = handlers.ask("x", TEN_A_SECOND).permit
    handlers.pass_ms(40)
    handlers.give_back(fresh, TEN_A_SECOND, held_ms=-61)

    assert begun == [True, True]
    assert soon.wait_ms == 100
    assert handlers.ask("y", TEN_A_SECOND).wait_ms == 20
