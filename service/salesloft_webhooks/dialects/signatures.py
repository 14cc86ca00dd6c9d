"""What the dialects' signature checks share.

An attacker writes these headers, so nothing here decodes or parses them: our own digest is written as text and
compared with theirs as bytes. Header names arrive lower-cased and values as raw bytes, the form of ASGI.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from salesloft_webhooks.errors import RejectionReason, SignatureRejected

Headers = Iterable[tuple[bytes, bytes]]
HeaderList = tuple[tuple[bytes, bytes], ...]

SIGNATURE = b"x-salesloft-signature"
TIMESTAMP = b"x-salesloft-timestamp"
EVENT = b"x-salesloft-event"
REDACTED = b"[redacted]"
"""What stands where a key stood, in bodies that are kept as they came."""

_HEX = re.compile(rb"[0-9A-Fa-f]+")
_TIMESTAMP = re.compile(rb"[0-9]{1,20}")


def values(headers: Headers, name: bytes) -> list[bytes]:
    """Every different value of the header, in the order received.

    A field sent twice with the same value says nothing else than once, whether its two lines arrive as they are or put
    together by a proxy, separated by a comma (RFC 9110, 5.3). Values that differ are none of our making to choose from.
    """
    lines = [value for key, value in headers if key == name]
    if not lines or (len(lines) == 1 and b"," not in lines[0]):
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


def signature_length(headers: Mapping[bytes, bytes]) -> int:
    """Characters of the signature header, 0 without one; a proxy may have put two equal lines together."""
    signature, _, _ = headers.get(SIGNATURE, b"").partition(b",")
    return len(signature.rstrip(b" \t"))


def read_timestamp(headers: Headers, name: bytes = TIMESTAMP) -> bytes:
    """The one timestamp header.

    Raises:
        SignatureRejected: MISSING_TIMESTAMP, or MALFORMED_TIMESTAMP unless it is a plain run of ASCII digits.
    """
    found = values(headers, name)
    if not found:
        raise SignatureRejected(RejectionReason.MISSING_TIMESTAMP)
    if len(found) > 1 or not _TIMESTAMP.fullmatch(found[0]):
        raise SignatureRejected(RejectionReason.MALFORMED_TIMESTAMP)
    return found[0]


def check_freshness(timestamp: bytes, now: float, tolerance_seconds: float) -> None:
    """That a timestamp, in Unix seconds, is near enough to ``now``.

    Raises:
        SignatureRejected: EXPIRED or IN_THE_FUTURE.
    """
    age_seconds = now - int(timestamp)
    if age_seconds > tolerance_seconds:
        raise SignatureRejected(RejectionReason.EXPIRED)
    if age_seconds < -tolerance_seconds:
        raise SignatureRejected(RejectionReason.IN_THE_FUTURE)


def equal_to_any(signature: bytes, candidates: Iterable[bytes]) -> int | None:
    """Index of the first candidate equal to ``signature``, in a time that does not depend on which one it is."""
    match = None
    for index, candidate in enumerate(candidates):
        if hmac.compare_digest(signature, candidate) and match is None:
            match = index
    return match


def matching_key(signature: bytes, keys: Iterable[bytes], algorithm: str, *message: bytes) -> int:
    """Index of the key whose hex HMAC of ``message`` is ``signature``. Every key is tried, whichever matches.

    Raises:
        SignatureRejected: MISMATCH.
    """
    match = equal_to_any(signature, [hex_hmac(key, algorithm, *message) for key in keys])
    if match is None:
        raise SignatureRejected(RejectionReason.MISMATCH)
    return match


def hex_hmac(key: bytes, algorithm: str, *message: bytes) -> bytes:
    """The HMAC of a message, which may be given in parts, as lower-case ASCII hex digits."""
    begun = _begun_hmac(key, algorithm).copy()
    for part in message:
        begun.update(part)
    return begun.hexdigest().encode("ascii")


FINGERPRINT_DIGITS = 12
_NAMED = b"key fingerprint"


def fingerprint(key: bytes) -> str:
    """Tells keys apart without telling them: the first 12 hex digits of an HMAC-SHA256 of a fixed text."""
    return hex_hmac(key, "sha256", _NAMED).decode("ascii")[:FINGERPRINT_DIGITS]


@lru_cache(maxsize=256)
def _begun_hmac(key: bytes, algorithm: str) -> hmac.HMAC:
    """An HMAC of nothing yet, to be copied: beginning one takes longer than most bodies do."""
    return hmac.new(key, digestmod=algorithm)
