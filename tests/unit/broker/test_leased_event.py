"""What a take answers becomes an event."""

from dataclasses import fields
from datetime import UTC, datetime

from salesloft_webhooks.broker.entry_head import packed_head
from salesloft_webhooks.broker.records import leased_event
from salesloft_webhooks.events import Event


def test_a_leased_event_has_every_attribute() -> None:
    """Nothing is left to a default that a handler would meet as a missing attribute."""
    head = packed_head(("e1", "email.opened", "person:7", "default", "", "2026-03-07", "00-1-2-01"), pack=True)

    event = leased_event(b"1766021654001-3", head, b"{}", group="crm", attempt=3)

    assert event == Event(
        event_id="e1",
        event_type="email.opened",
        created_at="2026-03-07",
        source="default",
        received_at=datetime.fromtimestamp(1766021654.001, UTC),
        raw_data=b"{}",
        entity_key="person:7",
        attempt=3,
        group="crm",
        traceparent="00-1-2-01",
    )
    assert set(vars(event)) == {each.name for each in fields(Event)}
