"""The counting of debounced calls finds what it is there for, when it is put into the witness's file on purpose."""

import pytest

from tests.chaos.counting import Counting
from tests.chaos.debounce_counting import GROUP, DebounceCounting, DebounceCounts

FINE = DebounceCounts(put_off=3, handled=1, lost=0, repeated=0, after_end=0, early=0, order_broken=0)
PERSON = 4


class File:
    """Diary and witness's file of three events of a person, at 1.0, 1.2 and 1.4, each of which is put off."""

    def __init__(self, *, acknowledged: tuple[int, ...] = (1, 2, 3), person: int = PERSON) -> None:
        counting = Counting((), ())
        self.person = person
        for sequence, at in enumerate((1.0, 1.2, 1.4), 1):
            status = 200 if sequence in acknowledged else 503
            counting.tell_delivery(f"{sequence - 1} {person} {sequence} {at} 1 {status} {at} {at + 0.1}")
        self.counting = DebounceCounting(counting)
        for sequence in (1, 2, 3):
            self.tell("s", sequence)

    def tell(self, words: str, sequence: int, at: float = 9.0) -> None:
        """Lines of an event, or in capitals of the call that is given it."""
        for word in words:
            self.counting.tell(f"{word} {GROUP} {sequence - 1} {self.person} {sequence} 1 4242 - {at}")

    def counts(self) -> DebounceCounts:
        """Of all."""
        return self.counting.counts()


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    """One call for all three, with the last, when the person had rested."""
    file = File()
    file.tell("BDES", 3, 2.2)

    assert file.counts() == FINE
    assert file.counts().problems == []
    assert file.counting.left(0, 9) == 0


def test_other_groups_are_none_of_its_business() -> None:
    """Their lines change nothing."""
    file = File()
    file.counting.tell(f"b ordered 2 {PERSON} 3 1 4242 - 1.0")

    assert (file.counts().handled, file.counts().lost) == (0, 3)


def test_a_lost_last_one_is_found() -> None:
    """The call with the second is none for the third."""
    file = File()
    file.tell("BES", 2, 2.0)

    assert (file.counts().lost, file.counting.left(0, 9)) == (1, 1)
    assert file.counts().problems == ["1 events that were put off were lost"]


def test_what_was_never_acknowledged_may_be_the_last() -> None:
    """The second may have been stored behind the third; not when its call ended before that was acknowledged."""
    late, soon = File(acknowledged=(1, 3)), File(acknowledged=(1, 3))
    late.tell("BE", 2)
    soon.tell("BE", 2, 1.3)

    assert (late.counts().lost, soon.counts().lost) == (0, 1)


def test_an_attempt_after_its_end_is_found() -> None:
    """The store has confirmed the call; one before that is a repeat."""
    file = File()
    file.tell("BEBES", 3)
    assert (file.counts().repeated, file.counts().after_end) == (1, 0)

    file.tell("B", 3)

    assert file.counts().after_end == 1


@pytest.mark.parametrize(("at", "early"), [(2.0, 1), (2.11, 0)])
def test_an_early_one_is_found(at: float, early: int) -> None:
    """The last was sent at 1.4, and who rests does so for 0.7 s."""
    file = File()
    file.tell("BE", 3, at)

    assert file.counts().early == early


@pytest.mark.parametrize(("at", "early"), [(3.8, 1), (3.91, 0)])
def test_an_early_one_of_who_never_rests_is_found(at: float, early: int) -> None:
    """They have to rest for 2.5 s, and the first waits for 6 s at most."""
    file = File(person=PERSON + 1)
    file.tell("BE", 3, at)

    assert file.counts().early == early


def test_the_first_that_waits_ends_the_waiting() -> None:
    """Six seconds after it the last is handled, however late that came; not when an earlier call was for the first."""
    fine, early = File(person=PERSON + 1), File(person=PERSON + 1)
    for file in (fine, early):
        file.counting._counting.tell_delivery(f"3 {PERSON + 1} 4 6.5 1 200 6.5 6.6")
    fine.tell("BE", 4, 7.01)
    early.tell("BE", 3, 4.0)
    early.tell("BE", 4, 7.01)

    assert (fine.counts().early, early.counts().early) == (0, 1)


def test_a_call_behind_that_of_a_later_event_is_found() -> None:
    """Its handler would write what is older over what is newer."""
    file = File()
    file.tell("BE", 3)
    file.tell("BE", 2)

    assert file.counts().order_broken == 1


def test_calls_side_by_side_are_found() -> None:
    """Of one person in an ordered group; where the earlier event was never acknowledged, nobody knows their order."""
    file, unknown = File(), File(acknowledged=(1, 3))
    for each in (file, unknown):
        each.tell("B", 2)
        each.tell("B", 3)

    assert (file.counts().order_broken, unknown.counts().order_broken) == (1, 0)


def test_a_trial_without_several_events_is_none() -> None:
    """Where each event had a call of its own nothing was proven."""
    file = File()
    for sequence, at in ((1, 2.0), (2, 3.0), (3, 4.0)):
        file.tell("BES", sequence, at)

    assert file.counts().problems == ["no call was for several events: this was no trial of debounced handlers"]
