"""What SalesLoft asks."""

from hashlib import sha256
from typing import Any

from msgspec import Struct

from salesloft_webhooks.errors import UnreadableDelivery, UnreadableReason

MAX_BYTES = 262_144
"""Largest body: a mail has a handful of links."""


class LinkSwap(Struct, frozen=True):
    """The links of one mail that is about to be sent.

    Attributes:
        key: The same for every attempt of SalesLoft to ask this.
        links: Each once, in the order of the mail.
        data: All that SalesLoft says: ``user``, ``team``, ``mailing``, ``email``, ``person``, ``links``.
    """

    key: str
    links: tuple[str, ...]
    data: dict[str, Any]

    def __repr__(self) -> str:
        """Without what it says of people: links may identify them too."""
        return f"LinkSwap({len(self.links)} links)"


def read(body: bytes, data: dict[str, Any]) -> LinkSwap:
    """The request that a proven body holds.

    Args:
        body: The raw bytes.
        data: The same, parsed.

    Raises:
        UnreadableDelivery: MISSING_FIELD: there are no ``links``.
    """
    written = data.get("links")
    if not isinstance(written, list | dict):
        raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, "links must be a list of texts, or an object by link")
    # What is no text has no place in the answer, whose members are named by the links.
    links = dict.fromkeys(link for link in written if isinstance(link, str))
    return LinkSwap(sha256(body).hexdigest(), tuple(links), data)
