"""What a pause becomes: the table, and what holds in whatever order it is declared, paused by hand and resumed."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.broker.administration.stored_pause import Pause, StoredPause
from salesloft_webhooks.operator.declared_pause import DeclaredPause, pause_to_be

NOW = 1_000_000
EARLY, LATE = NOW + 60_000, NOW + 900_000
OURS, THEIRS = "salesloft/crm", "staging/crm"
FREE = StoredPause()


def by_hand(until: int | None = None, reason: str = "looking") -> StoredPause:
    """Somebody's pause."""
    return StoredPause(Pause.MANUAL, until, reason)


def declared(until: int | None = None, by: str = OURS, hand: int | None = None, reason: str = "why") -> StoredPause:
    """A declared pause as it is stored."""
    return StoredPause(Pause.DECLARED, until, reason, by, hand)


def wish(until: int | None = None, reason: str = "why") -> DeclaredPause:
    """A declaration."""
    return DeclaredPause(OURS, reason, until)


BREAKER = StoredPause(Pause.BREAKER, LATE, "the CRM is down")
REST = StoredPause(Pause.MANUAL, EARLY, "what is left of a pause by hand")

TABLE = {
    "a free group is paused": (FREE, wish(), declared()),
    "a breaker does not count": (BREAKER, wish(EARLY), declared(EARLY)),
    "a short pause by hand is replaced and kept": (by_hand(EARLY), wish(LATE), declared(LATE, hand=EARLY)),
    "a long pause by hand suffices": (by_hand(LATE), wish(EARLY), by_hand(LATE)),
    "an endless pause by hand suffices": (by_hand(), wish(), by_hand()),
    "as it is": (declared(LATE, hand=EARLY), wish(LATE), declared(LATE, hand=EARLY)),
    "another reason": (declared(), wish(reason="else"), declared(reason="else")),
    "another end, later": (declared(EARLY), wish(LATE), declared(LATE)),
    "another end, earlier than by hand": (declared(LATE, hand=EARLY), wish(EARLY - 1), REST),
    "another object of ours": (declared(by="salesloft/old"), wish(), declared()),
    "theirs suffices": (declared(LATE, THEIRS), wish(EARLY), declared(LATE, THEIRS)),
    "theirs is too short": (declared(EARLY, THEIRS), wish(LATE), declared(LATE)),
    "declared no more": (declared(), None, FREE),
    "declared no more, and by hand before": (declared(hand=EARLY), None, REST),
    "declared no more, and by hand is over": (declared(hand=NOW), None, FREE),
    "over": (declared(LATE), wish(NOW), FREE),
    "never begun": (FREE, wish(NOW), FREE),
    "by hand is not ours to end": (by_hand(), None, by_hand()),
    "a breaker's is not ours to end": (BREAKER, None, BREAKER),
    "theirs is not ours to end": (declared(by=THEIRS), None, declared(by=THEIRS)),
    "a namespace that begins like ours is theirs": (declared(by="salesloft2/crm"), None, declared(by="salesloft2/crm")),
}


@pytest.mark.parametrize(("stored", "wanted", "becomes"), TABLE.values(), ids=TABLE)
def test_the_table(stored: StoredPause, wanted: DeclaredPause | None, becomes: StoredPause) -> None:
    """Each row of the module's table, and its edges."""
    assert pause_to_be(stored, wanted, namespace="salesloft", now_ms=NOW) == becomes


MOMENTS = st.none() | st.integers(NOW - 5, NOW + 30)
STORED = st.one_of(
    st.just(FREE),
    st.builds(by_hand, MOMENTS),
    st.builds(declared, MOMENTS, st.sampled_from([OURS, THEIRS, "salesloft/old"]), MOMENTS),
    st.builds(lambda until: StoredPause(Pause.BREAKER, until, "down"), MOMENTS),
)
WISHES = st.none() | st.builds(wish, MOMENTS, st.sampled_from(["why", ""]))


def ends(pause: StoredPause) -> float:
    """When a pause ends; a pause there is not has ended."""
    if pause.kind is Pause.NONE:
        return 0.0
    return float("inf") if pause.until_ms is None else pause.until_ms


@given(STORED, WISHES)
def test_once_is_as_good_as_twice(stored: StoredPause, wanted: DeclaredPause | None) -> None:
    """What has been put right is not written again, so whoever dies in between may begin anew."""
    once = pause_to_be(stored, wanted, namespace="salesloft", now_ms=NOW)

    assert pause_to_be(once, wanted, namespace="salesloft", now_ms=NOW) == once
    assert StoredPause.read(once.value.encode(), once.until_ms) == once


@given(STORED, WISHES)
def test_a_declared_pause_lasts_to_its_end(stored: StoredPause, wanted: DeclaredPause | None) -> None:
    """Whatever was there before, the group is paused at least as long as is declared."""
    becomes = pause_to_be(stored, wanted, namespace="salesloft", now_ms=NOW)

    if wanted is not None and not wanted.over(NOW):
        assert ends(becomes) >= ends(declared(wanted.until_ms))


@given(STORED, WISHES)
def test_nobody_elses_pause_is_shortened(stored: StoredPause, wanted: DeclaredPause | None) -> None:
    """By hand and from elsewhere: each lasts as long as before, at least; a breaker's makes room for a longer one."""
    becomes = pause_to_be(stored, wanted, namespace="salesloft", now_ms=NOW)

    if not stored.declared_by.startswith("salesloft/") and stored.kind is not Pause.BREAKER:
        assert ends(becomes) >= ends(stored)
    if wanted is None or wanted.over(NOW):
        assert becomes == stored or stored.declared_by.startswith("salesloft/")


@dataclass
class Partition:
    """A partition whose store ends pauses at their time, beside what a person would expect of it."""

    now: int = NOW
    stored: StoredPause = FREE
    wanted: DeclaredPause | None = None
    hand: float = 0.0

    def apply(self, step: tuple[str, int | None]) -> None:
        """One thing that happens."""
        verb, number = step
        if verb == "wait":
            self.now += number or 1
            if ends(self.stored) <= self.now:
                self.stored = FREE
        elif verb == "pause":
            self.stored = by_hand(None if number is None else self.now + number)
            self.hand = ends(self.stored)
        elif verb == "resume":
            self.stored, self.hand = FREE, 0.0
        else:
            ended = None if number is None else self.now + number
            self.wanted = wish(ended) if verb == "declare" else None

    def look(self) -> None:
        """The operator's."""
        self.stored = pause_to_be(self.stored, self.wanted, namespace="salesloft", now_ms=self.now)

    @property
    def should_be_paused(self) -> bool:
        """By hand or by declaration."""
        return self.hand > self.now or (self.wanted is not None and not self.wanted.over(self.now))


STEPS = st.tuples(st.sampled_from(["wait", "pause", "resume", "declare", "withdraw"]), st.none() | st.integers(1, 20))


@given(st.lists(STEPS, max_size=12))
def test_a_group_is_paused_exactly_while_somebody_wants_it(steps: list[tuple[str, int | None]]) -> None:
    """After each look the group is paused if a person or a declaration says so, and else it takes events."""
    partition = Partition()

    for step in steps:
        partition.apply(step)
        partition.look()
        assert (partition.stored.kind is not Pause.NONE) == partition.should_be_paused
