"""How long the other side wants to be left alone."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.outgoing_http import LONGEST_WAIT_SECONDS, retry_after_seconds


def answer(value: bytes) -> httpx2.Response:
    """A 503 with that Retry-After."""
    return httpx2.Response(503, headers=[(b"Retry-After", value)])


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"7", 7),
        (b" 7 ", 7),
        (b"0", 0),
        (b"9" * 400, LONGEST_WAIT_SECONDS),
        (b"-5", None),
        (b"soon", None),
        (b"", None),
    ],
    ids=["seconds", "spaces", "zero", "absurd", "negative", "words", "empty"],
)
def test_seconds_are_read_within_reason(value: bytes, seconds: float | None) -> None:
    """What is no whole number of seconds is as if it were not there."""
    assert retry_after_seconds(answer(value)) == seconds


@pytest.mark.parametrize(
    ("ahead", "seconds"),
    [(timedelta(seconds=90), 90), (timedelta(days=9), LONGEST_WAIT_SECONDS), (timedelta(days=-1), 0)],
    ids=["soon", "too-far", "past"],
)
def test_a_date_is_read_too(ahead: timedelta, seconds: float) -> None:
    """RFC 9110 allows both forms."""
    value = format_datetime(datetime.now(UTC) + ahead, usegmt=True).encode()

    assert retry_after_seconds(answer(value)) == pytest.approx(seconds, abs=2)


@given(st.binary(max_size=60))
def test_no_header_whatever_raises(value: bytes) -> None:
    """The other side decides how long we wait, not whether we crash."""
    seconds = retry_after_seconds(answer(value))

    assert seconds is None or 0 <= seconds <= LONGEST_WAIT_SECONDS
