"""Events of one delivery share one body.

What is derived from an event says the same and, at the end, perhaps one thing more. So in format 2 of the store only
the first entry of a delivery carries the body; every other has in its field ``of`` where that stands, how much of it is
its own and what follows: ``<where> <bytes> <rest>``. ``where`` is empty when the entry carries the body itself (its
event was the first of the delivery that had to be stored, and a copy stands alone in any case); else it is the last
digits of the other entry's time, which is at most moments older, and its sequence number. ``include/entries.lua`` reads
and writes the same.
"""

import re

from salesloft_webhooks.errors import BodyUnreadable

CLOCK_DIGITS = 100_000
"""What the milliseconds of the other entry are given in the remainder of: more than any script may take."""
LEAST_SHARED = 64
"""Bytes in common that are worth referring to."""
MOST_DIGITS = 9
"""Of a number of bytes."""
_POSITION = re.compile(rb"(\d{1,5})-(\d{1,19}) ")
"""``where`` of an entry that does not carry its body; anything else says nothing, here and in ``entries.lua``."""


def shared_with(base: bytes, data: bytes) -> tuple[int | str, bytes]:
    """How many bytes of ``base`` an event's ``data`` begins with, without the last brace; and what follows.

    Returns:
        ``("", data)`` when they have too little in common.
    """
    kept = len(base) - 1
    return (kept, data[kept:]) if kept >= LEAST_SHARED and data[:kept] == base[:kept] else ("", data)


def carrier_of(entry_id: bytes, of: bytes) -> bytes | None:
    """The id of the entry that carries the body of another one; None when that carries it itself."""
    if (written := _POSITION.match(of)) is None:
        return None
    digits, sequence = written.groups()
    ms = int(entry_id.partition(b"-")[0])
    return b"%d-%s" % (max(0, ms - (ms - int(digits)) % CLOCK_DIGITS), sequence)


def parts_of(of: bytes) -> tuple[bytes, bytes, bytes]:
    """``<where>``, ``<bytes>`` and ``<rest>``.

    Raises:
        BodyUnreadable: it has another form: somebody else has written it.
    """
    parts = of.split(b" ", 2)
    if len(parts) != len(("where", "bytes", "rest")) or not parts[1].isdigit() or len(parts[1]) > MOST_DIGITS:
        raise BodyUnreadable("damaged: what the body shares with another one")
    where, kept, rest = parts
    return where, kept, rest


def whole_body(body: bytes, of: bytes) -> bytes:
    """The data of an event, given the body that is carried for it.

    Raises:
        BodyUnreadable: ``of`` is damaged.
    """
    if not of:
        return body
    _, kept, rest = parts_of(of)
    return body[: int(kept)] + rest
