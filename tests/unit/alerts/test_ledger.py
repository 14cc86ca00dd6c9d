"""What is told and when: once for each class and period, and in a burst not one by one."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.alerts.ledger import (
    BURST,
    MOST_ALERTS,
    MOST_PROBLEMS,
    OLDEST_MS,
    WINDOW_MS,
    Alert,
    Finding,
    Ledger,
    Problem,
    followed,
    read_ledger,
    taken,
    written,
)
from salesloft_webhooks.telemetry import AlertKind

NOON, PERIOD = 1_766_000_000_000, 4 * 3_600_000


class Words:
    """Says what it was asked to say."""

    def alert(self, problem: Problem, now: int) -> Alert:
        """One."""
        return Alert(problem.kind, now, problem.subject, str(problem.untold))

    def summary(self, problems: Sequence[Problem], now: int) -> Alert:
        """Several."""
        return Alert(AlertKind.SEVERAL, now, "several", " ".join(sorted(each.subject for each in problems)))


class Told:
    """A ledger that time passes over."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.now = NOON

    def look(self, *findings: Finding, after_ms: int = 0) -> list[tuple[str, str]]:
        """Titles and bodies of what is told by a look."""
        self.now += after_ms
        step = followed(self.ledger, findings, {"place": str(self.now)}, self.now, PERIOD, Words())
        self.ledger = step.ledger
        return [(alert.title, alert.body) for alert in step.made]


def dead(subject: str = "crm/exhausted/Timeout", count: int = 1) -> Finding:
    """Dead letters of one class."""
    return Finding(AlertKind.DEAD_LETTERS, subject, count)


PAUSED = Finding(AlertKind.PAUSED, "crm", lasts=True)


def test_what_is_new_is_told_at_once_and_then_once_a_period() -> None:
    """What came meanwhile is counted, and told when the period is over; so often, and not more."""
    told = Told()

    assert told.look(dead(count=3)) == [("crm/exhausted/Timeout", "3")]
    assert told.look(dead(count=2), after_ms=1_000) == []
    assert told.look(dead(count=5), after_ms=PERIOD // 2) == []
    assert told.look(after_ms=PERIOD // 2) == [("crm/exhausted/Timeout", "7")]
    assert told.look(after_ms=PERIOD) == []


def test_what_has_been_quiet_for_a_period_is_new_again() -> None:
    """It is forgotten then, and takes no room any more."""
    told = Told()
    told.look(dead())

    assert told.look(after_ms=PERIOD + 1) == []
    assert not told.ledger.problems
    assert told.look(dead()) == [("crm/exhausted/Timeout", "1")]


def test_what_lasts_is_told_when_it_begins_and_each_period() -> None:
    """However often it is looked at; what ends and begins again within the period is counted."""
    told = Told()

    assert told.look(PAUSED) == [("crm", "1")]
    assert [told.look(PAUSED, after_ms=10_000) for _ in range(5)] == [[]] * 5
    assert told.look(after_ms=10_000) == []
    assert told.look(PAUSED, after_ms=10_000) == []
    assert told.look(PAUSED, after_ms=PERIOD) == [("crm", "1")]
    assert told.look(PAUSED, after_ms=PERIOD) == [("crm", "0")]


def test_a_burst_is_told_in_one() -> None:
    """The first few one by one; all others, also those that come while these wait, in one when the window is over."""
    told = Told()
    many = [dead(f"crm/exhausted/{number:03}") for number in range(40)]

    assert len(told.look(*many[:30])) == BURST
    assert told.look(*many[30:], after_ms=10_000) == []
    assert told.look(after_ms=WINDOW_MS - 10_001) == []
    ((title, body),) = told.look(after_ms=1)
    assert (title, len(body.split())) == ("several", 40 - BURST)
    assert told.look(after_ms=WINDOW_MS) == []


def test_nobody_is_told_twice_of_what_stands_in_a_ledger_that_was_read_again() -> None:
    """The next process goes on where the last one was; what it cannot read it begins anew."""
    told = Told()
    told.look(dead(), PAUSED)

    told.ledger = read_ledger(written(told.ledger))

    assert told.look(dead(), PAUSED, after_ms=10_000) == []
    assert len(told.ledger.alerts) == 2
    assert read_ledger(b"{") == read_ledger(b"") == Ledger()


def test_an_alert_is_kept_until_every_address_has_it_or_it_is_too_old() -> None:
    """One that a second address refuses is not forgotten by the first one's success."""
    told = Told()
    told.look(dead())
    (alert,) = told.ledger.alerts

    half = taken(told.ledger, alert, "one", ["one", "two"])
    assert [each.taken for each in half.alerts] == [("one",)]
    assert taken(half, half.alerts[0], "two", ["one", "two"]).alerts == ()

    step = followed(half, [], {}, NOON + OLDEST_MS, PERIOD, Words())
    assert (step.ledger.alerts, step.dropped) == ((), 1)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 3), st.integers(0, WINDOW_MS)), max_size=60))
def test_whatever_happens_little_is_told_and_little_kept(steps: list[tuple[int, int, int]]) -> None:
    """In any window there are a handful of alerts, no class twice in a period; and the ledger stays small."""
    told, made = Told(), []
    for classes, count, after_ms in steps:
        for title, _ in told.look(*(dead(f"{number}", count) for number in range(classes)), after_ms=after_ms):
            made.append((told.now, title))

        assert len(told.ledger.problems) <= MOST_PROBLEMS
        assert len(told.ledger.alerts) <= MOST_ALERTS
        assert sum(told.now - at < WINDOW_MS for at, _ in made) <= 2 * BURST + 2
        alone = [(at, title) for at, title in made if title != "several"]
        assert len({title for at, title in alone if told.now - at < PERIOD}) == sum(
            told.now - at < PERIOD for at, _ in alone
        )
