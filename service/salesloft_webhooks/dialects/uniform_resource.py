"""SalesLoft resources: strict JSON in, uniform JSON out.

Two promises to everyone downstream. What is stored can be parsed again anywhere (nesting is bounded well below any
interpreter's recursion limit), and ``person_id`` is there whatever the dialect, while ``callback_token`` is not.
"""

import re
from typing import Any

import msgspec

from salesloft_webhooks import resource_kinds, timestamps
from salesloft_webhooks.errors import UnreadableDelivery, UnreadableReason

JsonObject = dict[str, Any]

CALLBACK_TOKEN = "callback_token"  # noqa: S105 - the name of a field
MAX_DEPTH = 100

_SAFE_TEXT = re.compile(r"[!-~]+")
_encoder = msgspec.json.Encoder()
_sorting_encoder = msgspec.json.Encoder(order="deterministic")


def parse_object(body: bytes) -> JsonObject:
    """Parse a JSON object, strictly: no NaN, no lone surrogates, no endless nesting.

    Raises:
        UnreadableDelivery: NOT_JSON or NOT_AN_OBJECT.
    """
    try:
        parsed = msgspec.json.decode(body)
    except UnicodeDecodeError:
        problem = "not UTF-8"
    except RecursionError:
        problem = "nested too deeply"
    except msgspec.MsgspecError as exc:
        problem = str(exc)
    else:
        # A parser's limit depends on how deep its caller's stack is. Without our own, a body could be accepted here
        # and never be parsed again by a worker.
        if not _deeper_than(MAX_DEPTH, body, parsed):
            return require_object(parsed, "the body")
        problem = "nested too deeply"
    # Raised outside the except blocks: the cause would carry the body, and with it secrets, into tracebacks.
    raise UnreadableDelivery(UnreadableReason.NOT_JSON, f"the body is not JSON: {problem}")


def require_object(value: object, what: str) -> JsonObject:
    """``value`` if it is a JSON object.

    Raises:
        UnreadableDelivery: NOT_AN_OBJECT, with ``what`` in its message.
    """
    if not isinstance(value, dict):
        raise UnreadableDelivery(UnreadableReason.NOT_AN_OBJECT, f"{what} is not a JSON object")
    return value


def encode(data: JsonObject) -> bytes:
    """The object as compact JSON bytes."""
    return _encoder.encode(data)


def canonical(data: JsonObject) -> bytes:
    """The object as JSON bytes that do not depend on the order of its members, which SalesLoft does not keep stable."""
    return _sorting_encoder.encode(data)


def identifier(value: object) -> str | None:
    """The text of an id, if it can be part of a key: a natural number, or up to 100 visible ASCII characters."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < 2**63 else None
    return safe_text(value, 100)


def safe_text(value: object, longest: int) -> str | None:
    """``value`` if it is a string of 1 to ``longest`` visible ASCII characters (no spaces, no control characters)."""
    if isinstance(value, str) and len(value) <= longest and _SAFE_TEXT.fullmatch(value):
        return value
    return None


def time_text(value: object) -> str | None:
    """A time as text: as the sender wrote it, if it is visible ASCII without spaces, else in its canonical form.

    None for what is neither: it cannot be kept as a time without guessing.
    """
    return safe_text(value, 64) or timestamps.canonical(value)


def first_time(data: JsonObject, *fields: str) -> str:
    """The first of the fields that holds a time, as `time_text`; empty if none does."""
    return next((text for field in fields if (text := time_text(data.get(field)))), "")


def make_uniform(kind: str, data: JsonObject, body: bytes) -> None:
    """Give ``data`` its ``person_id`` (null if unknown) and take every ``callback_token`` away, in place.

    Args:
        kind: The resource's name, ``person`` of ``person.updated``.
        data: The resource.
        body: The bytes it was parsed from.
    """
    # A name can hide from the first test only by an escape. Looking for one byte takes a fifth of looking for two.
    if b"callback_token" in body or (b"\\" in body and b"\\u" in body):
        _remove_callback_tokens(data)
    data["person_id"] = person_id(kind, data)


def entity_key(kind: str, data: JsonObject, event_id: str) -> str:
    """What must stay in order: the person, else the resource, else the event alone. ``data`` is uniform."""
    if (person := identifier(data["person_id"])) is not None:
        return f"person:{person}"
    if (own := identifier(data.get("id"))) is not None:
        return f"{resource_kinds.lane_kind(kind)}:{own}"
    return event_id


def person_id(kind: str, data: JsonObject) -> int | str | None:
    """The id of the person concerned, as the sender wrote it; None where there is none that can be part of a key."""
    for each in resource_kinds.persons(kind, data):
        if isinstance(each, (int, str)) and identifier(each) is not None:
            return each
    return None


def _remove_callback_tokens(data: JsonObject) -> None:
    remaining: list[Any] = [data]
    while remaining:
        value = remaining.pop()
        if isinstance(value, dict):
            value.pop(CALLBACK_TOKEN, None)
            remaining.extend(value.values())
        elif isinstance(value, list):
            remaining.extend(value)


def _deeper_than(depth: int, body: bytes, value: object) -> bool:
    if body.count(b"{") + body.count(b"[") <= depth:
        return False
    level = [value]
    for _ in range(depth):
        containers = (item for item in level if isinstance(item, dict | list))
        level = [child for item in containers for child in (item.values() if isinstance(item, dict) else item)]
    return any(isinstance(item, dict | list) for item in level)
