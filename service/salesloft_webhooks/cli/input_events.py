"""Events written by hand, as deliveries that `send` can post."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from salesloft_webhooks.dialects import Dialect
from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.simulator import Delivery, Signer
from salesloft_webhooks.simulator.traffic import envelope_delivery, native_delivery

NATIVE_NAMES = {dotted: native for native, dotted in DOTTED.items()}
T = TypeVar("T")


class InputEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event to send, as a file has it.

    Attributes:
        event_type: Dotted, or SalesLoft's own name.
        data: The resource.
        event_id: Envelope dialect: its id; a new one if empty.
        created_at: Envelope dialect: its time; the present if empty.
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
        ConfigurationError: native dialect, and SalesLoft has no such event.
    """
    make = _native if dialect is Dialect.NATIVE else _envelope
    return [make(signer, event) for event in events]


def _native(signer: Signer, event: InputEvent) -> Delivery:
    name = NATIVE_NAMES.get(event.event_type, event.event_type)
    if "." in name:
        raise ConfigurationError(
            f"SalesLoft sends no {name}; in the native dialect, send what it is derived from (email_updated, ...)"
        )
    return native_delivery(signer, name, msgspec.json.encode(event.data))


def _envelope(signer: Signer, event: InputEvent) -> Delivery:
    event_type = DOTTED.get(event.event_type, event.event_type)
    event_id = event.event_id or f"evt_{uuid4().hex}"
    created_at = event.created_at or datetime.now(UTC).isoformat()
    return envelope_delivery(signer, event_type, event_id, event.data, created_at, int(time.time()))


def _decoded(text: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise ConfigurationError(f"{what}: {exc}") from exc
