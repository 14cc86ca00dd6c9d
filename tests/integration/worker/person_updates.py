"""Updates of people, with what they say."""

from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.support.worker_pipeline import Pipeline


async def publish(line: Pipeline, event_id: str, body: str = '{"id":1}', person: int = 1) -> None:
    """One update of a person."""
    event = NewEvent(event_id, "person.updated", f"person:{person}", "2026-03-07T04:26:14Z", body.encode())
    await line.publisher.publish(NewDelivery("default", (event,)))
