"""What the headers alone decide: whether there can be a body for which this delivery would be authentic.

A body costs memory for as long as it takes to arrive, and whoever sends it chooses how long that is. So this is asked
before any of it is read; `authenticate` proves the rest.
"""

from salesloft_webhooks.dialects import envelope, native
from salesloft_webhooks.dialects.keys import Dialect, DialectKeys, choose
from salesloft_webhooks.dialects.signatures import Headers, read_signature


def check_form(headers: Headers, keys: DialectKeys, now: float, tolerance_seconds: float) -> None:
    """Refuse headers that `authenticate` would refuse with any body.

    Args:
        headers: As ASGI has them: names in lower case.
        keys: The source's keys.
        now: Unix seconds.
        tolerance_seconds: Envelope dialect: how far the timestamp may lie from ``now``, either way.

    Raises:
        SignatureRejected: whatever is wrong. No other exception, whatever the bytes.
    """
    headers = tuple(headers)
    if choose(headers, keys) is Dialect.ENVELOPE:
        read_signature(headers, envelope.SIGNATURE_DIGITS)
        envelope.check_freshness(envelope.read_timestamp(headers), now, tolerance_seconds)
    else:
        read_signature(headers, native.SIGNATURE_DIGITS)
        native.event_name(headers)
