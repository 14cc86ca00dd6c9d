"""Looking at the quarantine: deliveries that were signed, but could not be read."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from salesloft_webhooks.broker.connection import Store
from salesloft_webhooks.broker.references import Reference
from salesloft_webhooks.broker.walk import Span, text, walk


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One delivery in quarantine.

    Attributes:
        reference: Where it is, and what to call it on a command line.
        source: Where it came from.
        dialect: How it was signed.
        reason: Why it could not be read, an `UnreadableReason`.
        received_at: When it came.
        body: As it came, keys of the source redacted. Personal data: show it only when asked to.
    """

    reference: Reference
    source: str
    dialect: str
    reason: str
    received_at: datetime
    body: bytes = field(repr=False)


async def quarantined(store: Store, span: Span) -> AsyncIterator[Quarantined]:
    """Walk through the quarantine.

    Raises:
        StoreError: while walking.
    """
    async for reference, fields in walk(store, store.keys.quarantine, span):
        yield Quarantined(
            reference=reference,
            source=text(fields, b"src"),
            dialect=text(fields, b"dialect"),
            reason=text(fields, b"reason"),
            received_at=datetime.fromtimestamp(int(fields.get(b"at", b"0")) / 1_000, UTC),
            body=fields.get(b"body", b""),
        )


async def find_quarantined(store: Store, name: str) -> Quarantined | None:
    """The delivery that a reference names; None when there is none, or it was dropped as the oldest.

    Raises:
        StoreError: the store cannot be asked.
    """
    reference = Reference.parse(name)
    if reference is None or reference.partition >= store.partitions:
        return None
    span = Span(oldest=reference.entry_id, newest=reference.entry_id)
    async for one in quarantined(store, span):
        if one.reference == reference:
            return one
    return None
