"""Events made up for tests."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, overload
from uuid import uuid4

import msgspec

from salesloft_webhooks import resource_kinds
from salesloft_webhooks.dialects import uniform_resource as resource
from salesloft_webhooks.events import Event
from salesloft_webhooks.resource_kinds import EventType

KindT = TypeVar("KindT")


@overload
def event(
    event_type: EventType[KindT],
    data: Mapping[str, Any] | None = None,
    /,
    *,
    event_id: str | None = None,
    attempt: int = 1,
    group: str = "test",
    **more: Any,
) -> Event[KindT]: ...
@overload
def event(
    event_type: str,
    data: Mapping[str, Any] | None = None,
    /,
    *,
    event_id: str | None = None,
    attempt: int = 1,
    group: str = "test",
    **more: Any,
) -> Event[Any]: ...


def event(
    event_type: str,
    data: Mapping[str, Any] | None = None,
    /,
    *,
    event_id: str | None = None,
    attempt: int = 1,
    group: str = "test",
    **more: Any,
) -> Event[Any]:
    """A stored event as a handler gets it, new and just received.

    Args:
        event_type: Dotted name, e.g. ``email.opened``, or one of `salesloft_webhooks.resources`.
        data: The resource; ``more`` adds fields to it, so ``event("person.created", id=7)`` is enough.
        event_id: Default: a new one, another in every call.
        attempt: Which attempt this is.
        group: The consumer group.
        more: Fields of the resource.
    """
    now = datetime.now(UTC)
    event_id = event_id or f"{event_type}/{uuid4().hex}"
    kind = resource_kinds.kind_of(event_type)
    fields: dict[str, Any] = {**(data or {}), **more}
    fields["person_id"] = resource.person_id(kind, fields)  # as the receiver does, in both dialects
    return Event(
        event_id=event_id,
        event_type=str(event_type),
        created_at=now.isoformat(),
        source="test",
        received_at=now,
        raw_data=msgspec.json.encode(fields),
        entity_key=resource.entity_key(kind, fields, event_id),
        attempt=attempt,
        group=group,
    )
