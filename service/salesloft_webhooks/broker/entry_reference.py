"""How people name an entry of a stream: ``0/1766021654000-0``, partition and entry id."""

import re
from dataclasses import dataclass

FORM = re.compile(r"(\d{1,3})/(\d{1,20})-(\d{1,20})", re.ASCII)

ENDS = frozenset({"0-0", f"{2**64 - 1}-{2**64 - 1}"})
"""The lowest and the highest entry id there could be. No entry has the lowest one."""


def beyond(entry_id: str) -> str:
    """What lies behind an entry id in either direction, as XRANGE takes it.

    Redis refuses to look beyond the ends of all ids, which would look as if the store did not answer: from there, the
    end itself is all there is.
    """
    return entry_id if entry_id in ENDS else f"({entry_id}"


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """One entry of one partition's stream. Ordered by time, so entries of several partitions merge into one list."""

    ms: int
    sequence: int
    partition: int

    @classmethod
    def parse(cls, text: str) -> "Reference | None":
        """The inverse of ``str()``; None when the text has another form."""
        if not (match := FORM.fullmatch(text)):
            return None
        partition, ms, sequence = map(int, match.groups())
        # Redis refuses an entry id with a larger number, which would look as if the store did not answer.
        return cls(ms, sequence, partition) if max(ms, sequence) < 2**64 else None

    @classmethod
    def of(cls, partition: int, entry_id: bytes) -> "Reference":
        """The reference of an entry id as Redis writes it."""
        ms, _, sequence = entry_id.partition(b"-")
        return cls(int(ms), int(sequence), partition)

    @property
    def entry_id(self) -> str:
        """The entry id as Redis writes it."""
        return f"{self.ms}-{self.sequence}"

    def __str__(self) -> str:
        return f"{self.partition}/{self.entry_id}"
