"""The counting of limited calls finds what it is there for, when it is put into the witness's file on purpose."""

import pytest

from tests.chaos.limit_counting import ALL, AT_ONCE, LEASE_SECONDS, PERSON, LimitCounting, LimitCounts
from tests.chaos.live import SETTINGS


class File:
    """The witness's file of calls."""

    def __init__(self) -> None:
        self.counting = LimitCounting()

    def tell(self, word: str, number: int, at: float, *, handler: str = ALL, person: int = 7, asked: float = 0) -> None:
        """A call begins or ends; its permit was asked for a moment before that, if nothing else is said."""
        asked = asked or at - 0.01
        said = f"{handler}:{asked}:{at - 0.005}"
        self.counting.tell(f"{word} limited {number} {person} 1 1 4242 {said} {at}")

    def counts(self) -> LimitCounts:
        """Of all."""
        return self.counting.counts()


def file_with(calls: int) -> File:
    """So many calls of the handler that is limited for all are under way, of as many people."""
    file = File()
    for number in range(calls):
        file.tell("l", number, 10.0, person=number)
    return file


def test_as_many_as_are_allowed_are() -> None:
    """The last of them is at the limit; another one may begin when one has ended."""
    file = file_with(AT_ONCE[ALL])
    file.tell("m", 0, 10.1)
    file.tell("l", 90, 10.2)

    assert file.counts() == LimitCounts(calls=AT_ONCE[ALL] + 1, full=2, too_many_at_once=0, too_many_in_a_time=0)
    assert file.counts().problems == []


def test_one_too_many_at_once_is_found() -> None:
    """In whichever worker."""
    file = file_with(AT_ONCE[ALL] + 1)

    assert file.counts().too_many_at_once == 1
    assert file.counts().problems == ["1 calls of limited handlers were too many at once"]


@pytest.mark.parametrize(("after", "found"), [(LEASE_SECONDS - 0.1, 1), (LEASE_SECONDS + 0.1, 0)])
def test_a_call_without_an_end_counts_for_a_lease(after: float, found: int) -> None:
    """Its worker is dead or frozen; beyond a lease others have its permit."""
    file = file_with(AT_ONCE[ALL])
    file.tell("l", 90, 9.99 + after)

    assert file.counts().too_many_at_once == found


def test_the_lease_is_the_one_of_the_scenes() -> None:
    """What is counted for a lease, and how long that is."""
    assert float(SETTINGS["LEASE_SECONDS"]) == LEASE_SECONDS


def test_each_person_has_a_limit_of_their_own() -> None:
    """One call for each; a second one for the same person is found."""
    file = File()
    file.tell("l", 1, 10.0, handler=PERSON, person=1)
    file.tell("l", 2, 10.0, handler=PERSON, person=2)
    assert file.counts().too_many_at_once == 0

    file.tell("l", 3, 10.4, handler=PERSON, person=1)

    assert (file.counts().too_many_at_once, file.counts().full) == (1, 0)


@pytest.mark.parametrize(("third", "found"), [(10.2, 1), (10.4, 0)])
def test_too_many_in_a_time_are_found(third: float, found: int) -> None:
    """Two at the same moment, and a third of a second later the next one."""
    file = File()
    for number, at in enumerate((10.0, 10.02, third)):
        file.tell("l", number, at, handler=PERSON)
        file.tell("m", number, at + 0.001, handler=PERSON)

    assert file.counts().too_many_in_a_time == found


def test_an_answer_that_was_long_on_its_way_is_not_held_against_it() -> None:
    """The first permit may have been given as long ago as it was asked for."""
    file = File()
    file.tell("l", 0, 10.0, handler=PERSON, asked=9.5)
    for number, at in enumerate((10.0, 10.02), 1):
        file.tell("l", number, at, handler=PERSON)

    assert file.counts().too_many_in_a_time == 0


def test_a_trial_without_calls_is_none() -> None:
    """Nothing was proven."""
    assert file_with(0).counts().problems == ["no limited handler was called: this was no trial of limits"]
