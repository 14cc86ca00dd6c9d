"""Events written by hand, as deliveries that `send` can post."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from salesloft_webhooks.dialects import Dialect, OutgoingEvent
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.simulator import Delivery, Signer

T = TypeVar("T")


class InputEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event to send, as a file has it.

    Attributes:
        event_type: Dotted, or SalesLoft's own name.
        data: The resource.
        event_id: Its id, in dialects that send one; a new one if empty.
        created_at: Its time, likewise; the present if empty.
    """

    event_type: str
    data: dict[str, Any]
    event_id: str = ""
    created_at: str = ""


def parse_data(text: bytes, what: str) -> dict[str, Any]:
    """One JSON object; ``what`` names its origin in messages.

    Raises:
        ConfigurationError: it is none.
    """
    return _decoded(text, dict[str, Any], what)


def parse_events(text: bytes, what: str) -> list[InputEvent]:
    """Events from a JSON array, or one JSON object a line; ``what`` names their origin in messages.

    Raises:
        ConfigurationError: something else is in it, or nothing.
    """
    if text.lstrip().startswith(b"["):
        events = _decoded(text, list[InputEvent], what)
    else:
        lines = enumerate(text.splitlines(), start=1)
        events = [_decoded(line, InputEvent, f"{what}, line {number}") for number, line in lines if line.strip()]
    if not events:
        raise ConfigurationError(f"{what}: no event in it")
    return events


def as_deliveries(signer: Signer, dialect: Dialect, events: Sequence[InputEvent]) -> list[Delivery]:
    """One genuine delivery per event, signed now.

    Raises:
        ConfigurationError: the dialect cannot tell of such an event (native: SalesLoft has none).
    """
    return [signer.delivery(dialect, _outgoing(event), int(time.time())) for event in events]


def _outgoing(event: InputEvent) -> OutgoingEvent:
    event_id = event.event_id or f"evt_{uuid4().hex}"
    return OutgoingEvent(event.event_type, event_id, event.created_at or datetime.now(UTC).isoformat(), event.data)


def _decoded(text: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise ConfigurationError(f"{what}: {exc}") from exc
