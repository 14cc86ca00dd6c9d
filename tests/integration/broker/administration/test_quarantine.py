"""Deliveries in quarantine can be listed and looked at."""

from salesloft_webhooks.broker import quarantine
from salesloft_webhooks.broker.administration.quarantine import find_quarantined, quarantined
from salesloft_webhooks.broker.administration.scan import Span
from salesloft_webhooks.errors import UnreadableReason
from tests.support.broker_driver import Driven


async def keep(driven: Driven, body: bytes) -> None:
    """Put a body into quarantine."""
    await quarantine(
        driven.store,
        source="default",
        dialect="envelope",
        reason=UnreadableReason.NOT_JSON,
        body=body,
        limit=10,
    )


async def test_the_latest_come_first_with_their_reason(driven: Driven) -> None:
    """Every field is as the receiver kept it, bytes that are no text included."""
    await keep(driven, b"first")
    await keep(driven, b"\xff second")

    found = [one async for one in quarantined(driven.store, Span(newest_first=True))]

    assert [one.body for one in found] == [b"\xff second", b"first"]
    assert {(one.source, one.dialect, one.reason) for one in found} == {("default", "envelope", "not_json")}


async def test_one_is_found_by_its_reference(driven: Driven) -> None:
    """The reference of the list finds it again; anything else finds nothing."""
    await keep(driven, b"body")
    (one,) = [one async for one in quarantined(driven.store, Span())]

    assert await find_quarantined(driven.store, str(one.reference)) == one
    assert await find_quarantined(driven.store, "0/1-1") is None
    assert await find_quarantined(driven.store, "77/1-1") is None
    assert await find_quarantined(driven.store, "nonsense") is None
