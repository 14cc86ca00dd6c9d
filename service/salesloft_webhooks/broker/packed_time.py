"""Times in a packed head: as microseconds, and how their sender wrote them (`entry_head`)."""

from datetime import UTC, datetime, timedelta, timezone

ZULU, OFFSET = 1, 4
"""First byte of a packed time, to which its number in `DIGITS` is added: with a Z, or with an offset, which follows."""
DIGITS = ("seconds", "milliseconds", "microseconds")
QUARTER, QUARTERS_AT_ZERO = timedelta(minutes=15), 128
"""What offsets are counted in, and what zero is written as."""
MICROSECONDS_BYTES = 7
"""Enough for a thousand years to either side of 1970."""
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
ZERO_OFFSET_LENGTH = len("+00:00")


def packed_time(text: str) -> bytes:
    """A time in few bytes, where it is written in one of the usual ways."""
    try:
        moment = datetime.fromisoformat(text)
        # Where nothing follows the milliseconds there is no offset: that is not packed, whatever its digits.
        digits = 0 if text[19:20] != "." else 1 if text[23:24] in "Z+-" else 2
        if text.endswith("Z"):  # nearly all are, so compared with what is at hand instead of being unpacked
            packed = b"%c" % (ZULU + digits) + _microseconds(moment)
            same = text[:-1] == moment.isoformat(timespec=DIGITS[digits])[:-ZERO_OFFSET_LENGTH]
        elif (offset := moment.utcoffset()) is not None:
            packed = b"%c%c" % (OFFSET + digits, offset // QUARTER + QUARTERS_AT_ZERO) + _microseconds(moment)
            same = text == unpacked_time(packed)
        else:
            return text.encode()
    except (ValueError, OverflowError):
        return text.encode()
    return packed if same else text.encode()


def _microseconds(moment: datetime) -> bytes:
    return ((moment - EPOCH) // MICROSECOND).to_bytes(MICROSECONDS_BYTES, "big", signed=True)


def unpacked_time(said: bytes) -> str:
    """The time that is meant, as its sender wrote it."""
    if not said or not ZULU <= said[0] < OFFSET + len(DIGITS):
        return shown(said)
    try:
        return _written(said)
    except (ValueError, IndexError, OverflowError):
        return shown(said)


def _written(said: bytes) -> str:
    moment = EPOCH + timedelta(microseconds=int.from_bytes(said[-MICROSECONDS_BYTES:], "big", signed=True))
    if said[0] < OFFSET:
        return moment.replace(tzinfo=None).isoformat(timespec=DIGITS[said[0] - ZULU]) + "Z"
    there = timezone((said[1] - QUARTERS_AT_ZERO) * QUARTER)
    return moment.astimezone(there).isoformat(timespec=DIGITS[said[0] - OFFSET])


def shown(said: bytes) -> str:
    """Bytes that are no UTF-8 are shown, not raised."""
    return said.decode(errors="backslashreplace")
