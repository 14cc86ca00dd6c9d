"""The counting of `make chaos` finds what it is there for, when it is put into diary and witness on purpose."""

from tests.chaos.counting import Counting

GROUPS, ORDERED = ("ordered", "loose"), ("ordered",)


def delivered(
    counting: Counting, number: int, sequence: int, *, at: float, status: int = 200, attempt: int = 1
) -> None:
    """The sender's diary of a try that took a tenth of a second."""
    counting.tell_delivery(f"{number} 7 {sequence} {at} {attempt} {status} {at} {at + 0.1}")


def begun(counting: Counting, number: int, sequence: int, *, group: str = "ordered", done: str = "0") -> None:
    """The witness's lines of an attempt that begins, and what the store said then."""
    for word, said in (("b", "-"), ("d", done)):
        counting.tell_effect(f"{word} {group} {number} 7 {sequence} 1 4242 {said}")


def effected(counting: Counting, number: int, sequence: int, *, group: str = "ordered", done: str = "0") -> None:
    """A whole attempt."""
    begun(counting, number, sequence, group=group, done=done)
    counting.tell_effect(f"e {group} {number} 7 {sequence} 1 4242 -")


def two_events() -> Counting:
    """Two events of a person, acknowledged one after the other, and handled as they should be."""
    counting = Counting(GROUPS, ORDERED)
    for number in range(2):
        delivered(counting, number, number + 1, at=1.0 + number)
        for group in GROUPS:
            effected(counting, number, number + 1, group=group)
    return counting


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    """All sent, acknowledged and effected, and no promise broken."""
    counts = two_events().counts()

    assert (counts.sent, counts.acknowledged, counts.effected) == (2, 2, {"ordered": 2, "loose": 2})
    assert (counts.lost, counts.repeated, counts.after_done, counts.order_broken) == (
        {"ordered": 0, "loose": 0},
        0,
        0,
        0,
    )


def test_a_lost_event_is_found() -> None:
    """Acknowledged, and effected in one of two groups only."""
    counting = two_events()
    delivered(counting, 2, 3, at=3.0)
    effected(counting, 2, 3, group="loose")

    assert counting.counts().lost == {"ordered": 1, "loose": 0}
    assert counting.behind == {"ordered": {2}, "loose": set()}


def test_what_was_not_acknowledged_is_not_lost() -> None:
    """The sender gave it up after its fourth try, and nothing of it was seen."""
    counting = two_events()
    for attempt in range(1, 5):
        delivered(counting, 2, 3, at=3.0 + attempt, status=503, attempt=attempt)

    counts = counting.counts()

    assert (counts.given_up, counts.tries, counts.lost) == (1, 6, {"ordered": 0, "loose": 0})


def confirmed(counting: Counting, number: int, sequence: int, *, group: str = "loose") -> None:
    """The store has confirmed `done`."""
    counting.tell_effect(f"s {group} {number} 7 {sequence} 1 4242 -")


def test_an_effect_after_done_is_found() -> None:
    """An attempt that begins when the store has confirmed `done` to the one before it."""
    counting = two_events()
    confirmed(counting, 1, 2)
    effected(counting, 1, 2, group="loose")

    counts = counting.counts()

    assert (counts.after_done, counts.repeated) == (1, 1)


def test_a_done_that_is_confirmed_while_another_attempt_has_begun_is_a_repeat() -> None:
    """The lease was given before `done` was stored: the effect is repeated, and no promise broken."""
    counting = two_events()
    effected(counting, 1, 2, group="loose", done="1")
    confirmed(counting, 1, 2)

    counts = counting.counts()

    assert (counts.after_done, counts.repeated) == (0, 1)


def test_an_effect_after_a_done_whose_confirmation_was_lost_is_found() -> None:
    """Its worker died before the reply: the store itself says so when the next attempt begins."""
    counting = two_events()
    effected(counting, 1, 2, group="loose", done="1")

    counts = counting.counts()

    assert (counts.after_done, counts.repeated) == (1, 1)


def test_a_repeat_before_done_is_allowed() -> None:
    """Its worker died before it could say so: the effect is repeated, and nothing is broken."""
    counting = two_events()
    effected(counting, 1, 2, done="0")

    counts = counting.counts()

    assert (counts.after_done, counts.repeated, counts.order_broken) == (0, 1, 0)


def test_an_answer_that_overtakes_the_first_line_is_no_effect_after_done() -> None:
    """Two attempts run beside each other, and one is done before the store is asked for the other."""
    counting = Counting(GROUPS, ORDERED)
    delivered(counting, 0, 1, at=1.0)
    counting.tell_effect("b loose 0 7 1 1 1 -")
    counting.tell_effect("b loose 0 7 1 2 2 -")
    counting.tell_effect("e loose 0 7 1 2 2 -")
    counting.tell_effect("d loose 0 7 1 1 1 1")

    assert counting.counts().after_done == 0


def test_an_earlier_event_that_begins_later_is_found() -> None:
    """Handled in the wrong order."""
    counting = Counting(GROUPS, ORDERED)
    for number in range(2):
        delivered(counting, number, number + 1, at=1.0 + number)
    effected(counting, 1, 2)
    effected(counting, 0, 1)

    assert counting.order_broken() == [(0, 1)]
    assert counting.counts().order_broken == 1


def test_what_comes_behind_a_lost_event_is_not_out_of_order() -> None:
    """An event that had begun was lost with its store: that is counted, and the person's next ones are in order."""
    counting = Counting(GROUPS, ORDERED)
    for number in range(2):
        delivered(counting, number, number + 1, at=1.0 + number)
    begun(counting, 0, 1)
    effected(counting, 1, 2)

    counts = counting.counts()

    assert (counts.lost["ordered"], counts.order_broken) == (1, 0)


def test_an_event_that_begins_while_an_earlier_one_runs_is_found() -> None:
    """Two of a person at once."""
    counting = Counting(GROUPS, ORDERED)
    for number in range(2):
        delivered(counting, number, number + 1, at=1.0 + number)
    begun(counting, 0, 1)
    begun(counting, 1, 2)

    assert counting.order_broken() == [(0, 1)]


def test_order_among_what_was_acknowledged_late_is_not_promised() -> None:
    """The first of the two was given up, and was stored all the same."""
    counting = Counting(GROUPS, ORDERED)
    delivered(counting, 0, 1, at=1.0, status=0)
    delivered(counting, 1, 2, at=2.0)
    effected(counting, 1, 2)
    effected(counting, 0, 1)

    assert counting.order_broken() == []


def test_what_is_folded_still_counts() -> None:
    """Events that are through are forgotten, and their counts kept; a late attempt at one is still found."""
    counting = two_events()
    counting.fold(before=10.0)
    effected(counting, 0, 1, group="loose")
    effected(counting, 0, 1)

    assert not counting.events
    assert (counting.folded["sent"], counting.acknowledged, counting.folded["repeated"]) == (2, 2, 2)
    assert counting.folded["order_broken"] == 1
