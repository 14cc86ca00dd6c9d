"""How an event is written for others: as Standard Webhooks recommends, or as CloudEvents 1.0 in JSON."""

from datetime import UTC, datetime

import msgspec

from salesloft_webhooks.events import Event


def standard(event: Event) -> tuple[str, bytes]:
    """``{"type", "timestamp", "data"}``: content type and body. The data is SalesLoft's to the byte."""
    body = {"type": event.event_type, "timestamp": _timestamp(event), "data": msgspec.Raw(event.raw_data)}
    return "application/json", msgspec.json.encode(body)


def _timestamp(event: Event) -> str:
    """`created_at` as the sender wrote it, if it is a time: receivers refuse a message without one."""
    try:
        datetime.fromisoformat(event.created_at)
    except ValueError:
        return event.happened_at.isoformat()
    return event.created_at


def cloudevents(event: Event) -> tuple[str, bytes]:
    """A CloudEvent in structured mode: content type and body."""
    body = {
        "specversion": "1.0",
        "id": event.event_id,
        "source": f"/salesloft/{event.source}",
        "type": f"com.salesloft.{event.event_type}",
        "time": event.happened_at.astimezone(UTC),
        "datacontenttype": "application/json",
        # The attribute is optional, but must not be empty.
        **({"subject": event.entity_key} if event.entity_key else {}),
        "data": msgspec.Raw(event.raw_data),
    }
    return "application/cloudevents+json; charset=utf-8", msgspec.json.encode(body)


FORMATS = {"standard": standard, "cloudevents": cloudevents}
