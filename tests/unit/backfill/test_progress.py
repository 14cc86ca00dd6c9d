"""Cursors: what the next window is, and when there is none."""

from datetime import timedelta

import pytest

from salesloft_webhooks.backfill.progress import Progress, Rules, TooOld
from tests.unit.backfill.changing_list import START, at

RULES = Rules(settle=timedelta(seconds=120), overlap=timedelta(minutes=10), memory=timedelta(days=7))
HOUR, DAY = 3600, 86_400


def test_the_first_window_begins_where_the_backfill_did() -> None:
    """The overlap never reaches into what was before it."""
    assert Progress.beginning(START).window(at(300), RULES) == (START, at(180))


def test_what_is_not_settled_is_left_alone() -> None:
    """Its webhook may still be under way, or its third repeat."""
    assert Progress.beginning(START).window(at(119), RULES) is None


def test_the_overlap_is_read_again() -> None:
    """What became visible late has a time before the cursor."""
    progress = Progress.beginning(START).moved(at(HOUR))

    assert progress.window(at(2 * HOUR), RULES) == (at(HOUR - 600), at(2 * HOUR - 120))


def test_a_cursor_of_yesterday_is_gone_on_from() -> None:
    """A day is remembered well: nothing is left out, nothing done twice."""
    progress = Progress.beginning(START).moved(at(HOUR))

    window = progress.window(at(DAY), RULES)

    assert window is not None
    assert window[0] == at(HOUR - 600)


def test_a_cursor_that_nobody_remembers_stops() -> None:
    """What was handled eight days ago would be handled again."""
    with pytest.raises(TooOld):
        Progress.beginning(START).window(at(8 * DAY), RULES)


def test_a_quiet_resource_never_grows_too_old() -> None:
    """Its last row is of last month, and yet all was read a minute ago; that row is not read again either."""
    progress = Progress.beginning(START).read_until(at(30 * DAY))

    window = progress.window(at(30 * DAY + 180), RULES)

    assert window is not None
    assert window[0] == at(23 * DAY + 180 + HOUR)


def test_a_cursor_never_goes_back() -> None:
    """Pages of the overlap end before it."""
    progress = Progress.beginning(START).moved(at(HOUR))

    assert progress.moved(at(60)) == progress
    assert progress.read_until(at(60)).reached == at(60)


def test_a_clock_that_is_wrong_moves_no_cursor() -> None:
    """An answer's date an hour ahead: the next right one begins where the rows had ended."""
    progress = Progress.beginning(START).moved(at(HOUR)).read_until(at(2 * HOUR))

    window = progress.window(at(HOUR + 300), RULES)

    assert window == (at(HOUR - 600), at(HOUR + 180))
