"""The counting of follow-ups finds what it is there for, when it is put into the witness's file on purpose."""

from tests.chaos.counting import Counting
from tests.chaos.follow_up_counting import FollowUpCounting, FollowUpCounts

GROUP = "ordered"
FINE = FollowUpCounts(asked=1, effected=1, cancelled=0, lost=0, repeated=0, after_end=0, early=0, order_broken=0)


class File:
    """Diary and witness's file of two events of a person, the first of which asks for a follow-up after 5 s."""

    def __init__(self) -> None:
        counting = Counting((GROUP,), (GROUP,))
        for number, at in enumerate((0.5, 1.5)):
            counting.tell_delivery(f"{number} 7 {number + 1} {at} 1 200 {at} {at + 0.1}")
        self.counting = FollowUpCounting(counting)

    def tell(self, words: str, sequence: int, at: float = 9.0) -> None:
        """Lines of an event, or in capitals of its follow-up."""
        for word in words:
            said = "5" if word == "a" else "-"
            self.counting.tell(f"{word} {GROUP} {sequence - 1} 7 {sequence} 1 4242 {said} {at}")

    def counts(self) -> FollowUpCounts:
        """Of all."""
        return self.counting.counts()


def file_with_both_events() -> File:
    """Both have run, and the first has asked."""
    file = File()
    file.tell("bae", 1, 1.0)
    file.tell("be", 2, 2.0)
    return file


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    """Asked for, effected in its time, behind both events, and confirmed."""
    file = file_with_both_events()
    file.tell("BDES", 1)

    assert file.counts() == FINE
    assert file.counting.left(0, 9) == 0


def test_a_lost_one_is_found() -> None:
    """Asked for, and nothing came of it."""
    file = file_with_both_events()

    assert (file.counts().lost, file.counting.left(0, 9)) == (1, 1)


def test_a_cancelled_one_is_not_lost_and_must_not_begin() -> None:
    """The next event cancels it; an attempt afterwards is found."""
    file = File()
    file.tell("bae", 1, 1.0)
    file.tell("bce", 2, 2.0)
    assert (file.counts().lost, file.counts().cancelled, file.counts().after_end) == (0, 1, 0)

    file.tell("B", 1)

    assert file.counts().after_end == 1


def test_an_attempt_after_its_done_is_found() -> None:
    """The store has confirmed it; one before that is a repeat."""
    file = file_with_both_events()
    file.tell("BEBES", 1)
    assert (file.counts().repeated, file.counts().after_end) == (1, 0)

    file.tell("B", 1)

    assert file.counts().after_end == 1


def test_an_early_one_is_found() -> None:
    """Asked for at 1.0 it may begin at 6.0."""
    file = file_with_both_events()
    file.tell("BE", 1, 5.9)

    assert file.counts().early == 1


def test_one_that_overtakes_an_event_is_found() -> None:
    """The second event was acknowledged long before the follow-up was due, and ran after it."""
    file = File()
    file.tell("bae", 1, 1.0)
    file.tell("BE", 1)
    file.tell("be", 2)

    assert file.counts().order_broken == 1


def test_one_that_overtakes_its_own_event_is_found() -> None:
    """Its event had not ended when it began."""
    file = File()
    file.tell("ba", 1, 1.0)
    file.tell("BE", 1)
    file.tell("e", 1)

    assert file.counts().order_broken > 0


def test_one_that_runs_beside_an_event_is_found() -> None:
    """Of one person nothing is under way at the same time: neither begins while the other runs."""
    first, second = file_with_both_events(), file_with_both_events()
    first.tell("B", 1)
    first.tell("b", 2)
    second.tell("b", 2)
    second.tell("B", 1)

    assert (first.counts().order_broken, second.counts().order_broken) == (1, 1)
