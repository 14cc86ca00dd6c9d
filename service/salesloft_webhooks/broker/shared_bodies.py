"""Events of one delivery share one body.

What is derived from an event says the same and, at the end, perhaps one thing more. So in format 2 of the store only
the first entry of a delivery carries the body; every other has in its field ``of`` where that stands, how much of it is
its own and what follows: ``<where> <bytes> <rest>``. ``where`` is empty when the entry carries the body itself (its
event was the first of the delivery that had to be stored, and a copy stands alone in any case); else it is the last
digits of the other entry's time, which is at most moments older, and its sequence number. ``include/entries.lua`` reads
and writes the same.
"""

CLOCK_DIGITS = 100_000
"""What the milliseconds of the other entry are given in the remainder of: more than any script may take."""
LEAST_SHARED = 64
"""Bytes in common that are worth referring to."""


def shared_with(base: bytes, data: bytes) -> tuple[int | str, bytes]:
    """How many bytes of ``base`` an event's ``data`` begins with, without the last brace; and what follows.

    Returns:
        ``("", data)`` when they have too little in common.
    """
    kept = len(base) - 1
    return (kept, data[kept:]) if kept >= LEAST_SHARED and data[:kept] == base[:kept] else ("", data)


def carrier_of(entry_id: bytes, of: bytes) -> bytes | None:
    """The id of the entry that carries the body of another one; None when that carries it itself."""
    where, _, _ = of.partition(b" ")
    if not where:
        return None
    digits, _, sequence = where.partition(b"-")
    ms = int(entry_id.partition(b"-")[0])
    return b"%d-%s" % (ms - (ms - int(digits)) % CLOCK_DIGITS, sequence)


def whole_body(body: bytes, of: bytes) -> bytes:
    """The data of an event, given the body that is carried for it."""
    if not of:
        return body
    _, kept, rest = of.split(b" ", 2)
    return body[: int(kept)] + rest
