"""How senders sign and shape deliveries: bytes in, verified events out.

A dialect is one object (`protocol.Dialect`) in one file of this folder, registered in `registry`. Pure functions
throughout: no I/O, no clock. Everything in a request is an attacker's until `authenticate` returns, so no byte string
whatever makes it raise anything but `SignatureRejected`.
"""

from salesloft_webhooks.dialects.authentication import Authenticated, authenticate, check_headers, read_quarantined
from salesloft_webhooks.dialects.keys import DialectKeys
from salesloft_webhooks.dialects.protocol import Dialect, KeyKind, OutgoingEvent
from salesloft_webhooks.dialects.redaction import content_redacted, redact
from salesloft_webhooks.dialects.registry import DIALECTS, accepted, choose, key_kinds, named
from salesloft_webhooks.dialects.signatures import Headers, fingerprint

__all__ = [
    "DIALECTS",
    "Authenticated",
    "Dialect",
    "DialectKeys",
    "Headers",
    "KeyKind",
    "OutgoingEvent",
    "accepted",
    "authenticate",
    "check_headers",
    "choose",
    "content_redacted",
    "fingerprint",
    "key_kinds",
    "named",
    "read_quarantined",
    "redact",
]
