"""Times in every form senders use, and what is no time."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.timestamps import canonical, parse_timestamp

NOON = "2026-03-07T09:26:14.444910Z"
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    "text",
    [
        NOON,
        "2026-03-07T04:26:14.444910-05:00",
        "2026-03-07T04:26:14.44491-05:00",
        "2026-03-07T04:26:14.44491-0500",
        "2026-03-07T04:26:14.44491-05",
        "2026-03-07 09:26:14.44491",
        "2026-03-07 09:26:14.444910 UTC",
        "2026-03-07 04:26:14.444910 -0500",
        "2026-03-07t09:26:14,444910000z",
        1772875574444910,
        1772875574444910000,
        1772875574.44491,
        "1772875574.444910",
    ],
)
def test_one_instant_has_one_canonical_form(text: Any) -> None:
    """Zone, precision, separator and unit change nothing; without a zone it is UTC."""
    assert canonical(text) == NOON
    assert parse_timestamp(text) == datetime(2026, 3, 7, 9, 26, 14, 444910, UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1772875574, "2026-03-07T09:26:14.000000Z"),
        (1772875574123, "2026-03-07T09:26:14.123000Z"),
        ("Sat, 07 Mar 2026 09:26:14 GMT", "2026-03-07T09:26:14.000000Z"),
        ("7 Mar 2026 04:26:14 -0500", "2026-03-07T09:26:14.000000Z"),
        ("2026-03-07T09:26Z", "2026-03-07T09:26:00.000000Z"),
        ("2026-03-07", "2026-03-07T00:00:00.000000Z"),
        ("20260307T092614Z", "2026-03-07T09:26:14.000000Z"),
        ("2026-03-07T09:26:14.4449101Z", "2026-03-07T09:26:14.4449101Z"),
        (1772875574444910001, "2026-03-07T09:26:14.444910001Z"),
    ],
)
def test_other_forms_are_read(value: Any, expected: str) -> None:
    """Seconds, milliseconds, mail dates, shorter forms; digits beyond the sixth stay, so that versions stay apart."""
    assert canonical(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [],
        {},
        "",
        "now",
        "2026-02-30T00:00:00Z",
        "2026-03-07T25:00:00Z",
        "2026-03-07x09:26:14",
        "2026-03-07T09:26:14+99:00",
        "2026-03-07T09:26:14Z\n",
        "٢٠٢٦-03-07",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "Sat, 99 Mar 2026 09:26:14 GMT",
        0,
        5,
        -1772875574,
        4102444800,
        10**400,
        float("nan"),
        float("inf"),
        "9" * 5000,
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_has_no_one_meaning_is_no_time(value: Any) -> None:
    """Impossible days, numbers outside this century, other types: None, never an error and never a guess."""
    assert parse_timestamp(value) is None
    assert canonical(value) is None


@given(instant=MOMENTS, zone=ZONES)
def test_every_zone_gives_the_same_text(instant: datetime, zone: timezone) -> None:
    """Any instant in any zone is written one way, which reads back as the instant."""
    text = canonical(instant.astimezone(zone).isoformat())

    assert text == canonical(instant.isoformat())
    assert text is not None
    assert parse_timestamp(text) == instant


@given(MOMENTS, MOMENTS)
def test_other_instants_give_other_texts(one: datetime, other: datetime) -> None:
    """Two instants share a canonical form only if they are the same."""
    assert (canonical(one.isoformat()) == canonical(other.isoformat())) == (one == other)


@given(st.text() | st.floats() | st.integers() | st.binary() | st.lists(st.integers()))
def test_nothing_raises(value: Any) -> None:
    """Whatever a sender writes there, it is a time with a zone or none."""
    found = parse_timestamp(value)

    assert found is None or found.tzinfo is UTC
