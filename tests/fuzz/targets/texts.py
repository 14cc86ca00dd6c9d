"""Times as senders write them, and texts that people type: times, spans, names of entries, cursors."""

from contextlib import suppress
from datetime import UTC, datetime

from salesloft_webhooks import readable_times, timestamps
from salesloft_webhooks.broker.administration.search_cursor import SearchCursor
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.packed_time import packed_time, unpacked_time
from salesloft_webhooks.dialects.key_texts import split_keys
from salesloft_webhooks.dialects.uniform_resource import time_text
from tests.fuzz.search import Target

NOW = datetime(2026, 3, 7, 9, 26, 15, tzinfo=UTC)


def _check_timestamp(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    moment, canonical = timestamps.parse_timestamp(text), timestamps.canonical(text)
    assert (moment is None) is (canonical is None)
    if moment is not None and canonical is not None:
        assert moment.utcoffset() is not None
        assert timestamps.canonical(canonical) == canonical
        assert timestamps.parse_timestamp(canonical) == moment
    if kept := time_text(text):  # what a delivery's time is taken for
        assert unpacked_time(packed_time(kept)) == kept
    with suppress(ValueError):
        number = float(text)
        timestamps.canonical(number)


def _check_text(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(ValueError):
        assert readable_times.parse_moment(text, now=NOW).tzinfo is not None
        readable_times.moment_text(readable_times.parse_moment(text, now=NOW))
    with suppress(ValueError):
        readable_times.parse_span(text)
    if (reference := Reference.parse(text)) is not None:
        assert Reference.parse(str(reference)) == reference
    with suppress(ValueError):
        cursor = SearchCursor.parse(text)
        assert SearchCursor.parse(str(cursor)) == cursor
    assert all(split_keys(data))


_TIMES = [
    *(
        b"2026-03-07T04:26:14Z",
        b"2026-03-07 04:26:14.123456789 +05:00",
        b"Sat, 07 Mar 2026 04:26:14 GMT",
        b"1772875574",
    ),
    *(b"20260307T042614Z", b"1772875574000000000", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59", b"UTC"),
    *(b"24:00", b".0", b"-00:00", b"2h", b"1.5d", b"0/1772875574000-0", b",240000", b"999999999w"),
]
_MODULES = ("salesloft_webhooks.timestamps", "salesloft_webhooks.broker.packed_time", "email._parseaddr", "email.utils")
TIMESTAMPS = Target(_check_timestamp, _MODULES, _TIMES, longest_bytes=2_000)
TEXTS = Target(
    _check_text,
    ("salesloft_webhooks.readable_times", "salesloft_webhooks.broker", "salesloft_webhooks.dialects.key_texts"),
    [*_TIMES, b"\xef\xbb\xbf", b"\xc2\xa0", b",", b"\\n", b'"'],
    longest_bytes=10_000,
)
