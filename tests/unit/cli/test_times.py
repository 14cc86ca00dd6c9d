"""Times are read as people write them, and written as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from salesloft_webhooks.cli.times import moment_text, parse_moment, parse_span, seconds_text

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7_200), ("1.5d", 129_600), ("1w", 604_800)]
)
def test_spans_are_a_number_and_a_unit(text: str, seconds: int) -> None:
    """Each unit has its length."""
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2 h", "2y", "1e3s", "٣h"])
def test_what_is_no_span_is_refused(text: str) -> None:
    """A wrong span is a usage error, not a guess."""
    with pytest.raises(typer.BadParameter):
        parse_span(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", NOON - timedelta(hours=2)),
        ("2026-03-07T04:26:14Z", datetime(2026, 3, 7, 4, 26, 14, tzinfo=UTC)),
        ("2026-03-07T04:26:14-05:00", datetime(2026, 3, 7, 9, 26, 14, tzinfo=UTC)),
        ("2026-03-07", datetime(2026, 3, 7, tzinfo=UTC)),
    ],
    ids=["ago", "utc", "offset", "no offset means UTC"],
)
def test_moments_are_ago_or_iso(text: str, moment: datetime) -> None:
    """A span counts back from now; anything else is ISO 8601."""
    assert parse_moment(text, now=NOON) == moment


@pytest.mark.parametrize("text", ["yesterday", "0001-01-01T00:00+23:59", "9999-12-31T23:59-00:01"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """A wrong time is a usage error, and so is one in a year that UTC does not have."""
    with pytest.raises(typer.BadParameter):
        parse_moment(text)


def test_moments_are_written_in_utc() -> None:
    """Wherever the reader is, the same moment is the same text."""
    assert moment_text(datetime.fromisoformat("2026-03-07T04:26:14.9-05:00")) == "2026-03-07 09:26:14Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (12, "12 s"), (185, "3 min 5 s"), (7_200, "2 h"), (7_800, "2 h 10 min"), (356_400, "4 d 3 h")],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    """Precise enough to act on, short enough for a column."""
    assert seconds_text(seconds) == text
