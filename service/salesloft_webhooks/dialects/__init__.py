"""How senders sign and shape deliveries: bytes in, verified events out.

Pure functions throughout: no I/O, no clock. Everything in a request is an attacker's until `authenticate` returns, so
no byte string whatever makes it raise anything but `SignatureRejected`.
"""

from salesloft_webhooks.dialects.authentication import Authenticated, authenticate
from salesloft_webhooks.dialects.form import check_form
from salesloft_webhooks.dialects.keys import Dialect, DialectKeys, choose
from salesloft_webhooks.dialects.redaction import redact
from salesloft_webhooks.dialects.rereading import reread
from salesloft_webhooks.dialects.signatures import Headers

__all__ = [
    "Authenticated",
    "Dialect",
    "DialectKeys",
    "Headers",
    "authenticate",
    "check_form",
    "choose",
    "redact",
    "reread",
]
