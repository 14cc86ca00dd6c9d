"""Points in time as senders write them: ISO 8601, with a blank for the ``T`` too, RFC 2822, Unix time.

Only what has one meaning is read. Everything else is None, for the caller to keep as text or to refuse.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far SalesLoft's clock may be ahead of the store's."""

# What nearly everybody writes, and Python reads as it is; the patterns after it cost three times as much.
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d{1,30}))? ?"
    r"(?P<zone>[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_ISO_OTHERWISE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}|\d{8}T\d{4,6}(?:Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
_RFC_2822 = re.compile(
    r"(?:[A-Z][a-z]{2}, ?)?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:GMT|UTC?|[+-]\d{4})", re.ASCII
)
_NUMBER = re.compile(r"\d{9,20}(?:\.\d{1,9})?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS_PER_SECOND = 10**9
_PLAUSIBLE = (946_684_800 * _NANOSECONDS_PER_SECOND, 4_102_444_800 * _NANOSECONDS_PER_SECOND)
"""The years 2000 to 2099: far enough apart that a number can be of one unit only."""


def parse_timestamp(value: object) -> datetime | None:
    """The time ``value`` states, in UTC; None if it states none. Without a zone it is meant in UTC.

    Args:
        value: Text, or a number: Unix time in seconds, milli-, micro- or nanoseconds, whichever lies in this century.
    """
    found = _read(value)
    return found[0] if found else None


def canonical(value: object) -> str | None:
    """The one way to write the time ``value`` states: UTC, six digits, ``Z``; None if it states none.

    The same instant gives the same text whatever zone and precision it came in. Digits beyond the sixth are kept if
    they say anything: two times that differ must never become one.
    """
    found = _read(value)
    if found is None:
        return None
    instant, beyond = found
    return f"{instant.isoformat(timespec='microseconds').removesuffix('+00:00')}{beyond}Z"


def _read(value: object) -> tuple[datetime, str] | None:
    """The time in UTC, and the digits of its second beyond the sixth (without trailing zeros)."""
    try:
        if isinstance(value, str):
            return _read_text(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _read_number(Decimal(repr(value)))
    except (ValueError, ArithmeticError):  # no such day, or a year that UTC does not have
        return None
    return None


def _read_text(text: str) -> tuple[datetime, str] | None:
    if _USUAL.fullmatch(text):
        return _utc(datetime.fromisoformat(text)), ""
    if match := _ISO.fullmatch(text):
        fraction = match["fraction"] or ""
        zone = match["zone"] or "Z"
        zone = "Z" if zone.isalpha() else zone
        iso = f"{match['date']}T{match['time']}{':00' if len(match['time']) == len('00:00') else ''}"
        return _utc(datetime.fromisoformat(f"{iso}.{fraction[:6]:0<6}{zone}")), fraction[6:].rstrip("0")
    if _NUMBER.fullmatch(text):
        return _read_number(Decimal(text))
    if _ISO_OTHERWISE.fullmatch(text):
        return _utc(datetime.fromisoformat(text)), ""
    return (_utc(parsedate_to_datetime(text)), "") if _RFC_2822.fullmatch(text) else None


def _read_number(number: Decimal) -> tuple[datetime, str] | None:
    least, most = _PLAUSIBLE
    if not number.is_finite() or not 0 < number < most:
        return None
    for unit in (_NANOSECONDS_PER_SECOND, 10**6, 10**3, 1):
        nanoseconds = int(number * unit)
        if least <= nanoseconds < most:
            microseconds, beyond = divmod(nanoseconds, 1000)
            return _EPOCH + timedelta(microseconds=microseconds), f"{beyond:03d}".rstrip("0")
    return None


def _utc(time: datetime) -> datetime:
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
