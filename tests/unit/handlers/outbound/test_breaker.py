"""Whose fault a refusal is."""

from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks import Retry, Unavailable
from salesloft_webhooks.handlers.outbound.breaker import REMEMBERED, Breaker

FAILURES, SECONDS = 3, 42.0
EVENTS = st.sampled_from("abcdefgh")


def breaker() -> Breaker:
    """One that opens after three different events."""
    return Breaker(failures=FAILURES, seconds=SECONDS)


def refused(judge: Breaker, key: str) -> bool:
    """Whether the refusal of that event counts as an attempt of it."""
    return isinstance(judge.failed(key, Retry("refused")), Retry)


def test_different_events_in_a_row_open_it_until_one_is_taken() -> None:
    """The third and all later ones cost no attempt; after a success it takes three others again."""
    judge = breaker()

    during = [refused(judge, key) for key in "abcdef"]
    judge.succeeded("g")
    after = [refused(judge, key) for key in "hijk"]

    assert during == [True, True, False, False, False, False]
    assert after == [True, True, False, False]


def test_one_event_alone_never_opens_it() -> None:
    """However often it is refused: nothing says that others would be."""
    judge = breaker()

    assert all(refused(judge, "a") for _ in range(100))


def test_an_event_that_is_refused_while_others_are_taken_is_to_blame_itself() -> None:
    """Also when more such events come together than would open it."""
    judge = breaker()
    first_round = [refused(judge, key) for key in "abcdef"]

    judge.succeeded("good")
    second_round = [refused(judge, key) for key in "abcdef"]
    judge.succeeded("another")
    third_round = [refused(judge, key) for key in "abcdef"]

    assert first_round == [True, True, False, False, False, False]
    assert second_round == third_round == [True] * 6


def test_what_blames_the_endpoint_pauses_at_once_unless_it_works_for_others() -> None:
    """A 503 for everybody is an outage; a 503 for one event only is that event."""
    judge = breaker()
    assert isinstance(judge.failed("a", Unavailable("503", after=7)), Unavailable)
    assert isinstance(judge.failed("b", Retry("500")), Unavailable), "it is open"

    judge.succeeded("b")

    assert isinstance(judge.failed("a", Unavailable("503", after=7)), Retry)


def test_the_longer_of_both_pauses_holds() -> None:
    """Its own time, or what the endpoint asked for."""
    judge = breaker()
    for key in "ab":
        refused(judge, key)

    paused = [judge.failed("c", Retry("500")), judge.failed("d", Retry("500", after=100))]

    assert [signal.after_seconds for signal in paused] == [SECONDS, 100]


@given(st.lists(EVENTS, max_size=200))
def test_an_outage_costs_fewer_attempts_than_events_it_takes_to_notice(keys: list[str]) -> None:
    """Of whatever order and repetition, while nothing is taken: at most the repeats of the first two events."""
    judge = breaker()
    counted = [key for key in keys if refused(judge, key)]

    assert len(set(counted)) < FAILURES


@given(st.lists(st.tuples(EVENTS, st.booleans()), max_size=200))
def test_an_event_refused_across_a_success_is_always_counted(steps: list[tuple[str, bool]]) -> None:
    """So one that can never be taken always gets to its last attempt while others are served."""
    judge = breaker()
    last: dict[str, int] = {}
    successes = 0
    for key, taken in steps:
        if taken:
            judge.succeeded(key)
            successes += 1
            last.pop(key, None)
            continue
        counted = refused(judge, key)
        assert counted or last.get(key, successes) == successes
        last[key] = successes


def test_its_memory_is_bounded() -> None:
    """What was refused long ago is forgotten."""
    judge = breaker()
    for number in range(REMEMBERED + 10):
        refused(judge, str(number))
    judge.succeeded("good")

    assert not all(refused(judge, str(number)) for number in range(5))
    assert refused(judge, str(REMEMBERED + 9))
