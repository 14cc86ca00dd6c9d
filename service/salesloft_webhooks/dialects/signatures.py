"""What both dialects' signature checks share.

An attacker writes these headers, so nothing here decodes or parses them: our own digest is written as hex text and
compared with theirs as bytes. Header names arrive lower-cased and values as raw bytes, the form of ASGI.
"""

import hmac
import re
from collections.abc import Iterable

from salesloft_webhooks.errors import RejectionReason, SignatureRejected

Headers = Iterable[tuple[bytes, bytes]]

SIGNATURE = b"x-salesloft-signature"
TIMESTAMP = b"x-salesloft-timestamp"
EVENT = b"x-salesloft-event"

_HEX = re.compile(rb"[0-9A-Fa-f]+")


def values(headers: Headers, name: bytes) -> list[bytes]:
    """Every different value of the header, in the order received.

    A field sent twice with the same value says nothing else than once, whether its two lines arrive as they are or put
    together by a proxy, separated by a comma (RFC 9110, 5.3). Values that differ are none of our making to choose from.
    """
    lines = [value for key, value in headers if key == name]
    if len(lines) == 1 and b"," not in lines[0]:
        return lines
    different = dict.fromkeys(part.strip(b" \t") for line in lines for part in line.split(b","))
    return list(different) if len(different) == 1 else list(dict.fromkeys(lines))


def read_signature(headers: Headers, digits: int) -> bytes:
    """The one signature header, in lower case: SalesLoft does not document the case of its hex digits.

    Raises:
        SignatureRejected: MISSING_SIGNATURE, or MALFORMED_SIGNATURE unless it is exactly ``digits`` ASCII hex digits.
    """
    found = values(headers, SIGNATURE)
    if not found:
        raise SignatureRejected(RejectionReason.MISSING_SIGNATURE)
    if len(found) > 1 or len(found[0]) != digits or not _HEX.fullmatch(found[0]):
        raise SignatureRejected(RejectionReason.MALFORMED_SIGNATURE)
    return found[0].lower()


def equal_to_any(given: bytes, candidates: Iterable[bytes]) -> int | None:
    """Index of the first candidate equal to ``given``, in a time that does not depend on which one it is."""
    match = None
    for index, candidate in enumerate(candidates):
        if hmac.compare_digest(given, candidate) and match is None:
            match = index
    return match


def matching_key(signature: bytes, message: bytes, keys: Iterable[bytes], algorithm: str) -> int:
    """Index of the key whose hex HMAC of ``message`` is ``signature``. Every key is tried, whichever matches.

    Raises:
        SignatureRejected: MISMATCH.
    """
    match = equal_to_any(signature, (hex_hmac(key, message, algorithm) for key in keys))
    if match is None:
        raise SignatureRejected(RejectionReason.MISMATCH)
    return match


def hex_hmac(key: bytes, message: bytes, algorithm: str) -> bytes:
    """The HMAC as lower-case ASCII hex digits."""
    return hmac.digest(key, message, algorithm).hex().encode("ascii")
