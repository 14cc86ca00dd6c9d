"""Reads what was proven to come from a source and kept, because the program of that day could not read it."""

from salesloft_webhooks.dialects import envelope, native
from salesloft_webhooks.dialects.keys import Dialect
from salesloft_webhooks.dialects.redaction import REDACTED
from salesloft_webhooks.errors import SignatureRejected, UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewEvent


def reread(dialect: str, event_name: str, body: bytes) -> tuple[NewEvent, ...]:
    """The event of a delivery out of quarantine, then those derived from it, as `Authenticated.read` gives them.

    Args:
        dialect: How it was signed.
        event_name: Native: the name it came with. Up to version 0.1.0 it was not kept.
        body: As it was kept, its keys redacted; a callback token that is redacted was in the delivery we proved.

    Raises:
        UnreadableDelivery: It still is not an event we can read.
    """
    if dialect == Dialect.ENVELOPE:
        return envelope.read(body)
    if not event_name:
        raise UnreadableDelivery(UnreadableReason.INVALID_EVENT_TYPE, "the event name it came with was not kept")
    try:
        return native.read(body, event_name, (REDACTED,))
    except SignatureRejected as exc:
        raise UnreadableDelivery(UnreadableReason.MISSING_FIELD, "its callback_token is none") from exc
