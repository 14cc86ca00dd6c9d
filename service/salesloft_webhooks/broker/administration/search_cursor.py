"""Where a search goes on, as text for an address: ``0/1766021654000-0,240000``, an entry and the number looked at."""

import re
from dataclasses import dataclass

from salesloft_webhooks.broker.entry_reference import Reference

LOOKED = re.compile(r"\d{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SearchCursor:
    """How far a search has come.

    Attributes:
        after: Every newer entry, and this one, was looked at; None: none was.
        looked: How many.
    """

    after: Reference | None = None
    looked: int = 0

    @classmethod
    def parse(cls, text: str) -> "SearchCursor":
        """The inverse of ``str()``.

        Raises:
            ValueError: the text has another form.
        """
        place, _, looked = text.partition(",")
        after = Reference.parse(place)
        if after is None or not LOOKED.fullmatch(looked):
            raise ValueError("no cursor of a search")
        return cls(after, int(looked))

    def __str__(self) -> str:
        return f"{self.after},{self.looked}"
