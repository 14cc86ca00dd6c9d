"""Events SalesLoft does not send, but which its resources tell of.

An email arrives as a whole at every change, with counters ("3 views so far"). Each counter is a level; the store
remembers the highest one and keeps an event only when it rises (`Watermark`), whatever order deliveries arrive in.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from salesloft_webhooks.dialects import uniform_resource as resource
from salesloft_webhooks.dialects.uniform_resource import JsonObject
from salesloft_webhooks.events import NewEvent, Watermark

_COUNTED = {"opened": "views", "clicked": "clicks", "replied": "replies"}
_SENT_STATUSES = frozenset({"sent", "sent_from_gmail", "sent_from_external"})
_FINAL_STATES = frozenset({"completed", "removed"})
_ONCE = frozenset({"email.sent", "email.bounced", *(f"cadence_membership.{state}" for state in _FINAL_STATES)})
_HIGHEST_COUNT = 2**53 - 1  # the store compares in Lua, whose numbers are doubles
_MOST_DIGITS = len(str(_HIGHEST_COUNT))


def derived_events(base: NewEvent, data: JsonObject) -> Iterator[NewEvent]:
    """What else happened, judging by the resource of a native delivery. Nothing without an id to tell repeats by.

    Args:
        base: The event of the delivery itself.
        data: Its resource, uniform.
    """
    own = resource.identifier(data.get("id"))
    if own is None:
        return
    match base.event_type:
        case "email.updated" | "email_with_body_and_subject.updated":
            yield from _email(base, own, data)
        case "call.created":
            yield replace(base, event_id=f"call.completed/{own}", event_type="call.completed")
        case "cadence_membership.created" | "cadence_membership.updated":
            yield from _cadence_membership(base, own, data)


def watermark_of(event_type: str, event_id: str) -> Watermark | None:
    """The level that an event of `derived_events` raises, read from its type and id; None: it raises none."""
    own = event_id.removeprefix(f"{event_type}/")
    if own == event_id:
        return None
    kind, _, name = event_type.partition(".")
    if kind == "email" and name in _COUNTED:
        own, _, digits = own.rpartition("/")
        level = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else 0
    else:
        level = 1 if event_type in _ONCE else 0
    return Watermark(f"{kind}/{own}", name, level) if own and level else None


def _email(base: NewEvent, own: str, data: JsonObject) -> Iterator[NewEvent]:
    sent_at = resource.first_time(data, "sent_at")
    status = data.get("status")
    if sent_at or (isinstance(status, str) and status in _SENT_STATUSES):
        yield _once(replace(base, created_at=sent_at or base.created_at), "email", own, "sent")
    if data.get("bounced") is True:
        yield _once(base, "email", own, "bounced")
    counts = data.get("counts")
    for name, field in _COUNTED.items():
        if count := _count(counts, field):
            yield replace(
                base,
                event_id=f"email.{name}/{own}/{count}",
                event_type=f"email.{name}",
                data=resource.encode({**data, "count": count}),
                watermark=Watermark(f"email/{own}", name, count),
            )


def _cadence_membership(base: NewEvent, own: str, data: JsonObject) -> Iterator[NewEvent]:
    state = data.get("current_state")
    if isinstance(state, str) and state in _FINAL_STATES:
        yield _once(base, "cadence_membership", own, state)


def _once(base: NewEvent, kind: str, own: str, name: str) -> NewEvent:
    """The event of something that happens at most once: a level that can be reached, but not raised."""
    event_type = f"{kind}.{name}"
    watermark = Watermark(f"{kind}/{own}", name, 1)
    return replace(base, event_id=f"{event_type}/{own}", event_type=event_type, watermark=watermark)


def _count(counts: Any, field: str) -> int:
    value = counts.get(field) if isinstance(counts, dict) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _HIGHEST_COUNT:
        return value
    return 0
