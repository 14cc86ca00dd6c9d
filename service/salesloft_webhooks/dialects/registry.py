"""The dialects there are, and which of them a delivery speaks."""

from salesloft_webhooks.dialects.envelope import ENVELOPE
from salesloft_webhooks.dialects.keys import DialectKeys
from salesloft_webhooks.dialects.native import NATIVE
from salesloft_webhooks.dialects.protocol import Dialect, KeyKind
from salesloft_webhooks.dialects.signatures import HeaderList
from salesloft_webhooks.dialects.standard_webhooks import STANDARD_WEBHOOKS
from salesloft_webhooks.errors import RejectionReason, SignatureRejected

DIALECTS: tuple[Dialect, ...] = (ENVELOPE, NATIVE, STANDARD_WEBHOOKS)
"""Every dialect. Where headers say nothing, the first with keys is meant."""
_accepted: dict[tuple[tuple[Dialect, ...], frozenset[str]], list[Dialect]] = {}  # asked at every delivery


def key_kinds() -> tuple[KeyKind, ...]:
    """The kinds of keys of all dialects, in order."""
    return tuple(kind for dialect in DIALECTS for kind in dialect.key_kinds)


def accepted(keys: DialectKeys) -> list[Dialect]:
    """The dialects there is at least one key for."""
    found = _accepted.get((DIALECTS, keys.kinds))
    if found is None:
        found = [dialect for dialect in DIALECTS if any(kind.name in keys for kind in dialect.key_kinds)]
        _accepted[DIALECTS, keys.kinds] = found
    return found


def named(name: str) -> Dialect | None:
    """The dialect of that name; None if there is none."""
    return next((dialect for dialect in DIALECTS if dialect.name == name), None)


def choose(headers: HeaderList, keys: DialectKeys) -> Dialect:
    """The dialect to verify a delivery by: of those with keys, the one its headers show most surely.

    The signature decides where its form leaves no doubt, so a relay that passes SalesLoft's event header on is
    understood, and nothing is tried that cannot match. Headers that show none of those with keys are taken for one all
    the same, unless they are plainly another dialect's: then "no keys" is the honest diagnosis, where "no timestamp"
    would send people the wrong way.

    Raises:
        SignatureRejected: NO_KEYS.
    """
    found = dict(headers)
    candidates = accepted(keys)
    best, most = None, -1
    for dialect in candidates:
        if (recognition := dialect.recognise(found)) > most:
            best, most = dialect, recognition
    if best is None or (not most and any(each.recognise(found) for each in DIALECTS if each not in candidates)):
        raise SignatureRejected(RejectionReason.NO_KEYS)
    return best
