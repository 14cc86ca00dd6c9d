"""What stands for the id of an event in compact idempotency records."""

from hashlib import sha1

DIGEST_BYTES = 10
"""Of the SHA-1 of an id, which compact records are found by."""


def digest_of(event_id: str) -> bytes:
    """The digest of an id.

    Raises:
        UnicodeEncodeError: it is no Unicode.
    """
    return sha1(event_id.encode(), usedforsecurity=False).digest()[:DIGEST_BYTES]
