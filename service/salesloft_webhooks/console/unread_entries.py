"""Entries that a search for a text could not look into, counted over all parts of its page."""

from collections.abc import Mapping
from dataclasses import dataclass

from salesloft_webhooks.broker.administration.search import Page

SHUT, WHY = "shut", "why"
"""As an address has them that goes on."""
LONGEST_WHY = 200


@dataclass(frozen=True, slots=True)
class Unread:
    """How many.

    Attributes:
        count: That.
        why: Why the last of them cannot be read; empty: all can.
    """

    count: int = 0
    why: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Unread":
        """Those of the parts before, as the address says."""
        count = asked.get(SHUT, "")
        known = count.isascii() and count.isdigit() and len(count) < 10
        return cls(int(count), asked.get(WHY, "")[:LONGEST_WHY]) if known else NONE_UNREAD

    def and_of(self, found: Page) -> "Unread":
        """Those, and those of one more part."""
        return Unread(self.count + found.unreadable, found.why_unreadable or self.why)

    @property
    def asked(self) -> dict[str, object]:
        """The inverse of `of`."""
        return {SHUT: self.count, WHY: self.why} if self.count else {}


NONE_UNREAD = Unread()
