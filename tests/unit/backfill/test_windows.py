"""Windows, case by case: edges, ties, empty pages, and lists that do not do what they were asked for."""

import pytest

from salesloft_webhooks.backfill.windows import (
    DEEPEST_PAGE,
    MICROSECOND,
    MOST_NEWEST_PAGES,
    FilteredWindow,
    NewestFirstWindow,
    Step,
    UnreliableList,
    Window,
)
from salesloft_webhooks.salesloft import Row
from tests.unit.backfill.changing_list import START, ChangingList, at, row, rows


def read_all(window: Window, source: ChangingList) -> tuple[list[Step], list[int]]:
    """Every step of a window over a list that stands still, and the pages it asked for."""
    steps: list[Step] = []
    pages = []
    while not steps or not steps[-1].ended:
        pages.append(window.ask.page)
        steps.append(window.read(*source.page(window.ask)))
    return steps, pages


def numbers(steps: list[Step]) -> list[int | None]:
    """The rows of steps."""
    return [each.id for step in steps for each in step.rows]


def test_the_last_time_of_a_full_page_is_left_for_the_next() -> None:
    """What has that time may go on behind the page's edge: the cursor stops before it."""
    step = FilteredWindow(START, at(100)).read(rows(1, 2, 3, 3), next_page=2)

    assert [each.id for each in step.rows] == [1, 2]
    assert step.position == at(3)
    assert not step.ended


def test_the_end_is_the_newest_row_that_was_seen() -> None:
    """Not the end that was asked for, which is only as good as the clock it came from."""
    step = FilteredWindow(START, at(3600)).read(rows(1, 2), next_page=None)

    assert step.ended
    assert step.position == at(2) + MICROSECOND


def test_an_empty_page_moves_no_cursor() -> None:
    """It may be a mistake, and if it is none there is nothing to be moved for."""
    step = FilteredWindow(START, at(100)).read((), next_page=None)

    assert step == Step((), None, ended=True)


def test_an_empty_page_is_doubted_once_where_nobody_comes_again() -> None:
    """A run that ends for good asks for it a second time."""
    window = FilteredWindow(START, at(100), sceptical=True)

    assert not window.read((), next_page=None).ended
    assert not window.read(rows(1, 2), next_page=2).ended
    assert not window.read((), next_page=None).ended
    assert window.read((), next_page=None).ended


def test_a_tie_is_read_to_its_end_and_back() -> None:
    """Ten rows of one time, three a page: four pages upwards, and three of them once more, the last first."""
    source = ChangingList(3, {1: 1.0, **dict.fromkeys(range(10, 20), 2.0), 30: 3.0})

    steps, pages = read_all(FilteredWindow(START, at(100)), source)

    assert set(numbers(steps)) == set(source.records)
    assert pages == [1, 1, 2, 3, 4, 3, 2, 1, 1]
    assert [step.position for step in steps if step.position] == [at(2), at(2) + MICROSECOND, at(3) + MICROSECOND]


def test_an_empty_page_within_a_tie_is_asked_for_again() -> None:
    """By mistake it would end the tie before its time."""
    window = FilteredWindow(START, at(100))
    window.read(rows(1, 1, 1), next_page=2)

    assert not window.read((), next_page=None).ended

    assert window.ask.page == 2


def test_a_tie_without_end_is_given_up_and_said() -> None:
    """Its rows are handed over as far as they can be had, and whoever asked is told that it was cut."""
    window = FilteredWindow(START, at(100))
    steps = [window.read(rows(1, 1), next_page=2)]
    while steps[-1].position is None:
        page = window.ask.page
        assert page <= DEEPEST_PAGE
        steps.append(window.read(rows(1, 1), next_page=page + 1))

    assert steps[-1].cut
    assert window.ask.since == at(1) + MICROSECOND


@pytest.mark.parametrize(
    "found",
    [rows(2, 1), rows(-1, 1), rows(1, 100)],
    ids=["not sorted", "before the window", "behind the window"],
)
def test_a_list_that_ignores_what_it_was_asked_is_not_believed(found: tuple[Row, ...]) -> None:
    """Its pages say nothing about what was passed over, so the cursor must stay."""
    with pytest.raises(UnreliableList):
        FilteredWindow(START, at(100)).read(found, next_page=2)


def test_a_full_page_without_times_is_not_believed() -> None:
    """There would be no telling where to go on."""
    nameless = (row({"id": 1}), row({"id": 2}))

    with pytest.raises(UnreliableList):
        FilteredWindow(START, at(100)).read(nameless, next_page=2)


def test_a_row_without_a_time_is_handed_over_with_its_page() -> None:
    """Whoever counts has to see it."""
    step = FilteredWindow(START, at(100)).read((*rows(1, 2), row({"id": 3})), next_page=None)

    assert [each.id for each in step.rows] == [1, 2, 3]


def test_an_unfiltered_list_is_read_until_the_windows_beginning() -> None:
    """From the newest row on, and handed over the oldest first; what lies outside is left out."""
    source = ChangingList(2, {1: 1.0, 2: 20.0, 3: 30.0, 4: 40.0, 5: 95.0}, path="/steps")

    steps, pages = read_all(NewestFirstWindow(at(10), at(90)), source)

    assert pages == [1, 2, 3]
    assert numbers(steps) == [2, 3, 4]
    assert steps[-1].position == at(40) + MICROSECOND


def test_an_unfiltered_list_in_another_order_is_not_believed() -> None:
    """The oldest row of a page would say nothing about the next page."""
    with pytest.raises(UnreliableList):
        NewestFirstWindow(START, at(100)).read(rows(1, 2), next_page=2)


def test_an_unfiltered_list_is_not_read_without_end() -> None:
    """All of its rows are held until the last has come."""
    window = NewestFirstWindow(START, at(100))
    for page in range(1, MOST_NEWEST_PAGES):
        window.read(rows(50), next_page=page + 1)

    with pytest.raises(UnreliableList):
        window.read(rows(50), next_page=MOST_NEWEST_PAGES + 1)
